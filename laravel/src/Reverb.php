<?php

namespace Laravel\Reverb;

use Illuminate\Support\Facades\Route;
use Laravel\Reverb\Webhooks\VerifySignature;
use Laravel\Reverb\Webhooks\WebhookController;

class Reverb
{
    /**
     * Route::reverbWebhooks() in a file of routes takes the server's webhooks: without a session, and so
     * without its token, in whichever group it is.
     */
    public static function registerRouteMacro(): void
    {
        Route::macro('reverbWebhooks', fn (string $path = 'reverb/webhooks') => Route::post($path, WebhookController::class)
            ->withoutMiddleware('web')
            ->middleware(VerifySignature::class)
            ->name('reverb.webhooks'));
    }

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
