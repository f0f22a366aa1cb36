<?php

namespace Laravel\Reverb\Protocols\Pusher\Channels;

/**
 * Determines the kind of a channel from the prefix of its name.
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
