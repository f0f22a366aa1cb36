<?php

namespace Laravel\Reverb;

use Illuminate\Support\Collection;
use Illuminate\Support\Manager;
use Laravel\Reverb\Contracts\ApplicationProvider;

/**
 * Knows the application providers: "config", and what `extend()` adds.
 *
 * @mixin ApplicationProvider
 */
class ApplicationManager extends Manager
{
    public function createConfigDriver(): ConfigApplicationProvider
    {
        return new ConfigApplicationProvider(
            new Collection((array) $this->config->get('reverb.apps.apps'))
        );
    }

    public function getDefaultDriver(): string
    {
        return $this->config->get('reverb.apps.provider') ?: 'config';
    }
}
