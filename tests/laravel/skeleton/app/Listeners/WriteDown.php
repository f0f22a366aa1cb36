<?php

namespace App\Listeners;

use Laravel\Reverb\Events;

/**
 * Writes what it hears into storage/heard, a line of JSON each.
 */
class WriteDown
{
    public const EVENTS = [
        Events\ChannelCreated::class,
        Events\ChannelRemoved::class,
        Events\ConnectionOpened::class,
        Events\ConnectionClosed::class,
        Events\ConnectionPruned::class,
        Events\MessageReceived::class,
        Events\MessageSent::class,
        Events\MemberAdded::class,
        Events\MemberRemoved::class,
        Events\MessagesCounted::class,
        Events\EventsDropped::class,
    ];

    public function __invoke(object $event): void
    {
        if (getenv('LISTENER_IS_SLOW') && $event instanceof Events\MessageSent) {
            usleep((int) getenv('LISTENER_IS_SLOW'));
        }

        $this->obey($event);

        $connection = $event->connection ?? null;
        $line = array_filter([
            'event' => class_basename($event),
            'channel' => isset($event->channel) ? [class_basename($event->channel), $event->channel->name()] : null,
            'connection' => $connection?->id(),
            'origin' => $connection?->origin(),
            'seen' => $connection?->lastSeenAt(),
            'app' => ($connection?->app() ?? $event->app ?? null)?->id(),
            'message' => $event->message ?? null,
            'user' => $event->userId ?? null,
            'info' => $event->userInfo ?? null,
            'sent' => $event->sent ?? null,
            'received' => $event->received ?? null,
            'count' => $event->count ?? null,
        ], fn ($value) => $value !== null);

        file_put_contents(storage_path('heard'), json_encode($line)."\n", FILE_APPEND);
    }

    /**
     * What clients may ask this application's listener for.
     */
    protected function obey(object $event): void
    {
        if (! $event instanceof Events\MessageReceived) {
            return;
        }

        match (json_decode($event->message, true)['data']['do'] ?? null) {
            'answer' => $event->connection->send('{"event":"answered"}'),
            'disconnect' => $event->connection->disconnect(),
            'throw' => throw new \RuntimeException('the listener failed'),
            default => null,
        };
    }
}
