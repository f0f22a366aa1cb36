<?php

/*
 * What our recorders and cards use of Pulse and Livewire, for where Composer does not reach them: the
 * shapes alone.
 */

namespace Laravel\Pulse {
    if (! class_exists(Pulse::class)) {
        class Pulse
        {
            public array $entries = [];

            public function record(string $type, string $key, ?int $value = null, mixed $timestamp = null): Entry
            {
                return $this->entries[] = new Entry($type, $key, $value, $timestamp);
            }

            public function ingest(): int
            {
                return 0;
            }

            public function ignore(callable $callback): mixed
            {
                return $callback();
            }
        }

        /**
         * @method static avg()
         * @method static max()
         * @method static count()
         * @method static onlyBuckets()
         */
        class Entry
        {
            public array $aggregations = [];

            public function __construct(public string $type, public string $key, public ?int $value, public mixed $timestamp)
            {
                //
            }

            public function __call(string $aggregation, array $arguments): static
            {
                $this->aggregations[] = $aggregation;

                return $this;
            }
        }
    }
}

namespace Laravel\Pulse\Events {
    if (! class_exists(IsolatedBeat::class)) {
        class IsolatedBeat
        {
            public function __construct(public \DateTimeInterface $time, public mixed $interval = null)
            {
                //
            }
        }
    }
}

namespace Laravel\Pulse\Contracts {
    if (! interface_exists(Storage::class)) {
        interface Storage
        {
        }
    }
}

namespace Laravel\Pulse\Storage {
    if (! class_exists(DatabaseStorage::class)) {
        class DatabaseStorage implements \Laravel\Pulse\Contracts\Storage
        {
        }
    }
}

namespace Laravel\Pulse\Livewire {
    if (! class_exists(Card::class)) {
        abstract class Card
        {
            public ?string $period = '1_hour';

            public array $graphs = [];

            public function dispatch(string $event, mixed ...$params): void
            {
                //
            }

            public function remember(callable $query): array
            {
                return [$query(), 1.5, '2026-01-01 00:00:00'];
            }

            public function graph(array $types, string $aggregate): \Illuminate\Support\Collection
            {
                return $this->graphs[$aggregate] ?? collect();
            }

            public function periodAsInterval(): \Carbon\CarbonInterval
            {
                return \Carbon\CarbonInterval::hours(['1_hour' => 1, '6_hours' => 6, '24_hours' => 24, '7_days' => 168][$this->period]);
            }
        }
    }
}

namespace Livewire\Attributes {
    if (! class_exists(Lazy::class)) {
        #[\Attribute]
        class Lazy
        {
        }
    }
}

namespace Livewire {
    if (! class_exists(Livewire::class)) {
        class Livewire
        {
            public static function isLivewireRequest(): bool
            {
                return false;
            }
        }
    }
}
