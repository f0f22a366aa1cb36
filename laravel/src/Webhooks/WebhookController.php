<?php

namespace Laravel\Reverb\Webhooks;

use Illuminate\Contracts\Cache\Repository;
use Illuminate\Contracts\Events\Dispatcher;
use Illuminate\Http\Request;
use Illuminate\Http\Response;
use Laravel\Reverb\Application;
use Laravel\Reverb\Events\Webhooks\CacheMiss;
use Laravel\Reverb\Events\Webhooks\ChannelOccupied;
use Laravel\Reverb\Events\Webhooks\ChannelVacated;
use Laravel\Reverb\Events\Webhooks\ClientEvent;
use Laravel\Reverb\Events\Webhooks\MemberAdded;
use Laravel\Reverb\Events\Webhooks\MemberRemoved;
use Laravel\Reverb\Events\Webhooks\SubscriptionCount;
use Throwable;

/**
 * Dispatches the events of a server's webhook, each once: the server sends what was not answered again.
 */
class WebhookController
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

    public function __invoke(Request $request): Response
    {
        $application = $request->attributes->get(VerifySignature::APPLICATION);

        abort_unless($application instanceof Application, 401);

        foreach ((array) $request->json('events') as $event) {
            if (is_array($event) && isset(self::EVENTS[$event['name'] ?? ''])) {
                $this->dispatch($application->id(), $event);
            }
        }

        return new Response(status: 204);
    }

    /**
     * If a listener fails the event may come again.
     *
     * @param  array<string, mixed>  $event
     */
    protected function dispatch(string $app, array $event): void
    {
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
