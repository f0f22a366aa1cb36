<?php

namespace Laravel\Reverb;

use Illuminate\Broadcasting\BroadcastManager;
use Illuminate\Console\Events\CommandFinished;
use Illuminate\Console\Events\CommandStarting;
use Illuminate\Contracts\Events\Dispatcher;
use Illuminate\Support\ServiceProvider;
use Laravel\Reverb\Console\BuildCommand;
use Laravel\Reverb\Console\CompleteBroadcastingInstall;
use Laravel\Reverb\Console\InstallCommand;
use Laravel\Reverb\Console\RestartCommand;
use Laravel\Reverb\Console\StartCommand;
use Laravel\Reverb\Contracts\Logger;
use Laravel\Reverb\Loggers\NullLogger;
use Laravel\Reverb\Pulse\Livewire\Connections;
use Laravel\Reverb\Pulse\Livewire\Messages;
use Laravel\Reverb\Servers\Reverb\Contracts\PubSubProvider;

class ReverbServiceProvider extends ServiceProvider
{
    protected const CONFIG = __DIR__.'/../config/reverb.php';

    public function register(): void
    {
        $this->mergeConfigFrom(self::CONFIG, 'reverb');

        $this->app->instance(Logger::class, new NullLogger);
        $this->app->singleton(ServerProviderManager::class);
        $this->app->singleton(PubSubProvider::class, Native\PubSubProvider::class);

        $this->callAfterResolving(
            BroadcastManager::class,
            fn (BroadcastManager $manager) => $this->app->make(Native\Broadcasting::class)->prepare($manager)
        );

        Reverb::registerDevCommands();
        Reverb::registerRouteMacro();
    }

    public function boot(): void
    {
        if ($this->app->runningInConsole()) {
            $this->bootConsole();
        }

        if ($this->app->bound('Laravel\Pulse\Pulse')) {
            $this->bootPulse();
        }
    }

    protected function bootConsole(): void
    {
        $this->commands([BuildCommand::class, InstallCommand::class, StartCommand::class, RestartCommand::class]);

        $this->publishes([self::CONFIG => config_path('reverb.php')], ['reverb', 'reverb-config']);

        // @phpstan-ignore function.alreadyNarrowedType (Laravel 12.41 brought it)
        if (method_exists($this, 'reloads')) {
            $this->reloads('reverb:restart', 'reverb');
        }

        $this->app->singleton(CompleteBroadcastingInstall::class);
        $events = $this->app->make(Dispatcher::class);
        $events->listen(CommandStarting::class, [CompleteBroadcastingInstall::class, 'start']);
        $events->listen(CommandFinished::class, [CompleteBroadcastingInstall::class, 'finish']);
    }

    protected function bootPulse(): void
    {
        $this->loadViewsFrom(__DIR__.'/../resources/views', 'reverb');

        $this->callAfterResolving('livewire', function ($livewire) {
            $livewire->component('reverb.connections', Connections::class);
            $livewire->component('reverb.messages', Messages::class);
        });
    }
}
