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
        }
    }
}
