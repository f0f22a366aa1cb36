<?php

/*
 * What `reverb:start` uses of Telescope.
 */

namespace Laravel\Telescope {
    if (! class_exists(Telescope::class)) {
        class Telescope
        {
            public static array $stored = [];

            public static function store(object $repository): void
            {
                self::$stored[] = $repository;
            }

            public static bool $isRecording = true;

            public static function withoutRecording(callable $callback): mixed
            {
                self::$isRecording = false;

                try {
                    return $callback();
                } finally {
                    self::$isRecording = true;
                }
            }
        }
    }
}
