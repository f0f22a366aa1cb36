<?php

namespace Laravel\Reverb;

use Illuminate\Support\Manager;
use Laravel\Reverb\Native\ServerProvider;

class ServerProviderManager extends Manager
{
    public function createReverbDriver(): ServerProvider
    {
        return new ServerProvider($this->config->get('reverb.servers.reverb', []));
    }

    public function getDefaultDriver(): string
    {
        return $this->config->get('reverb.default') ?: 'reverb';
    }
}
