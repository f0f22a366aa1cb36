<?php

namespace Laravel\Reverb\Contracts;

interface Logger
{
    public function info(string $title, ?string $message = null): void;

    public function error(string $message): void;

    /**
     * A message of the protocol, JSON.
     */
    public function message(string $message): void;

    public function line(int $lines = 1): void;
}
