<?php

namespace App\Providers;

use App\Listeners\WriteDown;
use App\Reverb\FileProvider;
use Illuminate\Support\Facades\Event;
use Illuminate\Support\ServiceProvider;
use Laravel\Reverb\ApplicationManager;
use Laravel\Reverb\Contracts\ApplicationProvider;

/**
 * What a test wants of the application it says in the environment.
 */
class AppServiceProvider extends ServiceProvider
{
    public function register(): void
    {
        match (getenv('PROVIDER')) {
            'bind' => $this->app->bind(ApplicationProvider::class, FileProvider::class),
            'singleton' => $this->app->singleton(ApplicationProvider::class, FileProvider::class),
            'instance' => $this->app->instance(ApplicationProvider::class, new FileProvider),
            'extend' => $this->app->extend(ApplicationProvider::class, fn () => new FileProvider),
            default => null,
        };
    }

    public function boot(): void
    {
        if (getenv('PROVIDER') === 'manager') {
            config(['reverb.apps.provider' => 'file']);
            $this->app->make(ApplicationManager::class)->extend('file', fn () => new FileProvider);
        }

        foreach (WriteDown::EVENTS as $class) {
            if (in_array(class_basename($class), explode(',', getenv('LISTEN_TO') ?: ''), true)) {
                Event::listen($class, WriteDown::class);
            }
        }

        if (getenv('LISTEN_TO_ALL')) {
            Event::listen('*', fn () => null);
        }
    }
}
