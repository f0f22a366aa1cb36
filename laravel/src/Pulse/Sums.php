<?php

namespace Laravel\Reverb\Pulse;

use Illuminate\Config\Repository;
use Illuminate\Contracts\Container\Container;
use Illuminate\Database\Connection;
use Illuminate\Database\DatabaseManager;
use Illuminate\Database\Query\Expression;
use Laravel\Pulse\Contracts\Storage;
use Laravel\Pulse\Pulse;
use Laravel\Pulse\Storage\DatabaseStorage;

/**
 * Adds more than one at a time to Pulse's counts, for which Pulse has no call of its own: an entry
 * adds one, and two hundred thousand entries take eleven seconds.
 */
class Sums
{
    /** Seconds of a bucket of each of Pulse's periods: an hour, six, a day, a week, of 60 buckets. */
    protected const PERIODS = [60, 360, 1440, 10080];

    /** @var array<int, array{type: string, key: string, count: int, at: int}> */
    protected array $sums = [];

    public function __construct(protected Pulse $pulse, protected Repository $config, protected Container $app)
    {
        //
    }

    public function add(string $type, string $key, int $count, int $at): void
    {
        if ($count > 0) {
            $this->sums[] = compact('type', 'key', 'count', 'at');
        }
    }

    public function store(): void
    {
        if ($this->sums === []) {
            return;
        }

        if ($this->app->make(Storage::class) instanceof DatabaseStorage) {
            $this->pulse->ignore($this->upsert(...));
        } else {
            $this->record();
        }

        $this->sums = [];
    }

    protected function upsert(): void
    {
        $connection = $this->connection();
        $grammar = $connection->getQueryGrammar();
        $column = $grammar->wrap('pulse_aggregates.value');
        $isMySql = in_array($connection->getDriverName(), ['mysql', 'mariadb'], true);

        $connection->table('pulse_aggregates')->upsert(
            $this->rows($connection->getDriverName() === 'sqlite'),
            ['bucket', 'period', 'type', 'aggregate', 'key_hash'],
            ['value' => new Expression($isMySql ? '`value` + values(`value`)' : "{$column} + \"excluded\".\"value\"")],
        );
    }

    protected function connection(): Connection
    {
        return $this->app->make(DatabaseManager::class)
            ->connection($this->config->get('pulse.storage.database.connection'));
    }

    /**
     * SQLite does not compute the hash itself.
     *
     * @return array<int, array<string, int|string>>
     */
    protected function rows(bool $withHash): array
    {
        $rows = [];

        foreach ($this->sums as ['type' => $type, 'key' => $key, 'count' => $count, 'at' => $at]) {
            foreach (self::PERIODS as $period) {
                $rows[] = [
                    'bucket' => $at - $at % $period,
                    'period' => $period,
                    'type' => $type,
                    'aggregate' => 'count',
                    'key' => $key,
                    'value' => $count,
                    ...($withHash ? ['key_hash' => md5($key)] : []),
                ];
            }
        }

        return $rows;
    }

    /**
     * A custom storage accepts only entries.
     */
    protected function record(): void
    {
        foreach ($this->sums as ['type' => $type, 'key' => $key, 'count' => $count, 'at' => $at]) {
            $entry = $this->pulse->record($type, $key, timestamp: $at)->onlyBuckets();

            while ($count-- > 0) {
                $entry->count();
            }
        }
    }
}
