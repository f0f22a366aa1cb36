<?php

namespace App\Reverb;

use Illuminate\Support\Collection;
use Laravel\Reverb\Application;
use Laravel\Reverb\Contracts\ApplicationProvider;
use Laravel\Reverb\Exceptions\InvalidApplication;

/**
 * An application's own provider: the apps are in storage/apps.json, as ids.
 */
class FileProvider implements ApplicationProvider
{
    public function all(): Collection
    {
        return collect(json_decode(file_get_contents(storage_path('apps.json')), true, flags: JSON_THROW_ON_ERROR))
            ->map(fn (string $id) => new Application(
                id: $id,
                key: "key-of-{$id}",
                secret: "secret-of-{$id}",
                pingInterval: 60,
                activityTimeout: 30,
                allowedOrigins: ['*'],
                maxMessageSize: 10_000,
            ));
    }

    public function findById(string $id): Application
    {
        return $this->all()->first(fn (Application $app) => $app->id() === $id) ?? throw new InvalidApplication;
    }

    public function findByKey(string $key): Application
    {
        return $this->all()->first(fn (Application $app) => $app->key() === $key) ?? throw new InvalidApplication;
    }
}
