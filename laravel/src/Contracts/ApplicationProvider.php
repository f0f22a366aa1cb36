<?php

namespace Laravel\Reverb\Contracts;

use Illuminate\Support\Collection;
use Laravel\Reverb\Application;
use Laravel\Reverb\Exceptions\InvalidApplication;

interface ApplicationProvider
{
    /**
     * @return Collection<array-key, Application>
     */
    public function all(): Collection;

    /**
     * @throws InvalidApplication
     */
    public function findById(string $id): Application;

    /**
     * @throws InvalidApplication
     */
    public function findByKey(string $key): Application;
}
