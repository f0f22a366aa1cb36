<?php

namespace Laravel\Reverb\Events\Webhooks;

/**
 * A client has published.
 */
class ClientEvent extends Webhook
{
    public string $event;

    public ?string $data;

    public string $socketId;

    public ?string $userId;

    public function __construct(string $app, array $payload)
    {
        parent::__construct($app, $payload);

        $this->event = (string) $payload['event'];
        $this->data = $payload['data'] ?? null;
        $this->socketId = (string) $payload['socket_id'];
        $this->userId = $payload['user_id'] ?? null;
    }
}
