<?php

namespace Laravel\Reverb;

class Reverb
{
    /**
     * Lets `artisan dev` start the server, if the framework has that command.
     */
    public static function registerDevCommands(): void
    {
        $registry = 'Illuminate\Foundation\DevCommands';

        if (class_exists($registry)) {
            $registry::artisan('reverb:start', 'reverb');
        }
    }
}
