<?php

namespace Laravel\Reverb\Protocols\Pusher\Exceptions;

use Exception;

/**
 * An error in the form that is sent to clients.
 */
abstract class PusherException extends Exception
{
    /**
     * @return array{event: string, data: string}
     */
    public function payload(): array
    {
        return [
            'event' => 'pusher:error',
            'data' => json_encode(['code' => $this->getCode(), 'message' => $this->getMessage()], JSON_THROW_ON_ERROR),
        ];
    }

    public function message(): string
    {
        return json_encode($this->payload(), JSON_THROW_ON_ERROR);
    }
}
