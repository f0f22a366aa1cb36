<?php

namespace Laravel\Reverb;

use Illuminate\Contracts\Support\DeferrableProvider;
use Illuminate\Support\ServiceProvider;
use Laravel\Reverb\Contracts\ApplicationProvider;

class ApplicationManagerServiceProvider extends ServiceProvider implements DeferrableProvider
{
    public function register(): void
    {
        $this->app->singleton(ApplicationManager::class);

        // On the console this runs after the application's own providers: their bindings stay.
        // bindIf() does not work, as it treats a deferred service as bound.
        if (! $this->isBound(ApplicationProvider::class)) {
            $this->app->bind(
                ApplicationProvider::class,
                fn ($app) => $app->make(ApplicationManager::class)->driver()
            );
        }
    }

    protected function isBound(string $abstract): bool
    {
        return array_key_exists($abstract, $this->app->getBindings())
            || $this->app->isShared($abstract)
            || $this->app->isAlias($abstract);
    }

    /**
     * @return array<int, class-string>
     */
    public function provides(): array
    {
        return [ApplicationManager::class, ApplicationProvider::class];
    }
}
