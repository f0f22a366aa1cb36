<?php

namespace Laravel\Reverb\Protocols\Pusher\Channels;

/**
 * A name's prefix says what kind of channel it is.
 */
class ChannelBroker
{
    protected const KINDS = [
        'private-cache-' => PrivateCacheChannel::class,
        'presence-cache-' => PresenceCacheChannel::class,
        'cache-' => CacheChannel::class,
        'private-' => PrivateChannel::class,
        'presence-' => PresenceChannel::class,
    ];

    public static function create(string $name): Channel
    {
        foreach (self::KINDS as $prefix => $class) {
            if (str_starts_with($name, $prefix)) {
                return new $class($name);
            }
        }

        return new Channel($name);
    }
}
