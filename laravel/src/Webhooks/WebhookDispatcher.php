<?php

namespace Laravel\Reverb\Webhooks;

use Illuminate\Contracts\Cache\Repository;
use Illuminate\Contracts\Events\Dispatcher;
use Laravel\Reverb\Events\Webhooks\CacheMiss;
use Laravel\Reverb\Events\Webhooks\ChannelOccupied;
use Laravel\Reverb\Events\Webhooks\ChannelVacated;
use Laravel\Reverb\Events\Webhooks\ClientEvent;
use Laravel\Reverb\Events\Webhooks\MemberAdded;
use Laravel\Reverb\Events\Webhooks\MemberRemoved;
use Laravel\Reverb\Events\Webhooks\SubscriptionCount;
use Throwable;

/**
 * Dispatches an event of a server's webhook, by whichever way it has come, once: it may come again.
 */
class WebhookDispatcher
{
    protected const EVENTS = [
        'channel_occupied' => ChannelOccupied::class,
        'channel_vacated' => ChannelVacated::class,
        'member_added' => MemberAdded::class,
        'member_removed' => MemberRemoved::class,
        'client_event' => ClientEvent::class,
        'cache_miss' => CacheMiss::class,
        'subscription_count' => SubscriptionCount::class,
    ];

    /**
     * Longer than a server sends an event again for, unless it is told to.
     */
    protected const REMEMBERED_S = 86400;

    public function __construct(protected Dispatcher $events, protected Repository $cache)
    {
        //
    }

    /**
     * Nothing, if the event is of a later version. If a listener fails the event may come again.
     */
    public function dispatch(string $app, mixed $event): void
    {
        if (! is_array($event) || ! isset(self::EVENTS[$event['name'] ?? ''])) {
            return;
        }

        $key = "reverb:webhook:{$app}:".($event['id'] ?? '');

        if (isset($event['id']) && ! $this->cache->add($key, true, self::REMEMBERED_S)) {
            return;
        }

        try {
            $this->events->dispatch(new (self::EVENTS[$event['name']])($app, $event));
        } catch (Throwable $e) {
            $this->cache->forget($key);

            throw $e;
        }
    }
}
