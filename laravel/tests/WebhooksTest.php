<?php

namespace Laravel\Reverb\Tests;

use Illuminate\Contracts\Http\Kernel;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Event;
use Illuminate\Support\Facades\Route;
use Laravel\Reverb\Events\Webhooks\CacheMiss;
use Laravel\Reverb\Events\Webhooks\ChannelOccupied;
use Laravel\Reverb\Events\Webhooks\ChannelVacated;
use Laravel\Reverb\Events\Webhooks\ClientEvent;
use Laravel\Reverb\Events\Webhooks\MemberAdded;
use Laravel\Reverb\Events\Webhooks\MemberRemoved;
use Laravel\Reverb\Events\Webhooks\SubscriptionCount;
use Laravel\Reverb\Events\Webhooks\Webhook;
use Laravel\Reverb\Webhooks\WebhookDispatcher;
use RuntimeException;

class WebhooksTest extends TestCase
{
    protected function setUp(): void
    {
        parent::setUp();

        config(['cache.default' => 'array', 'reverb.apps.apps' => [
            ['app_id' => '1', 'key' => 'key', 'secret' => 'secret', 'allowed_origins' => ['*'], 'ping_interval' => 60, 'max_message_size' => 10_000],
        ]]);
        Route::middleware('web')->group(fn () => Route::reverbWebhooks());
    }

    /**
     * @param  list<array<string, mixed>>  $events
     */
    protected function send(array $events, string $key = 'key', string $secret = 'secret'): int
    {
        $body = json_encode(['time_ms' => 1, 'source' => 's', 'events' => $events]);
        $request = Request::create('/reverb/webhooks', 'POST', server: [
            'CONTENT_TYPE' => 'application/json', 'HTTP_X_PUSHER_KEY' => $key,
            'HTTP_X_PUSHER_SIGNATURE' => hash_hmac('sha256', $body, $secret),
        ], content: $body);

        return $this->app->make(Kernel::class)->handle($request)->getStatusCode();
    }

    public function test_each_event_is_dispatched_as_one_of_its_class(): void
    {
        $seen = [];
        Event::listen(fn (Webhook $event) => null);
        foreach ([ChannelOccupied::class, ChannelVacated::class, MemberAdded::class, MemberRemoved::class, ClientEvent::class, CacheMiss::class, SubscriptionCount::class] as $class) {
            Event::listen($class, function (Webhook $event) use (&$seen) {
                $seen[] = $event;
            });
        }

        $this->assertSame(204, $this->send([
            ['name' => 'channel_occupied', 'channel' => 'a', 'id' => '1', 'time_ms' => 1_700_000_000_123],
            ['name' => 'channel_vacated', 'channel' => 'a', 'id' => '2'],
            ['name' => 'member_added', 'channel' => 'presence-a', 'user_id' => '7', 'id' => '3'],
            ['name' => 'member_removed', 'channel' => 'presence-a', 'user_id' => '7', 'id' => '4'],
            ['name' => 'client_event', 'channel' => 'presence-a', 'event' => 'client-typed', 'data' => '{}', 'socket_id' => '1.2', 'user_id' => '7', 'id' => '5'],
            ['name' => 'cache_miss', 'channel' => 'cache-a', 'id' => '6'],
            ['name' => 'subscription_count', 'channel' => 'a', 'subscription_count' => 3, 'id' => '7'],
            ['name' => 'of a later version', 'channel' => 'a', 'id' => '8'],
        ]));

        $this->assertCount(7, $seen);
        $this->assertSame(['1', 'a', '1'], [$seen[0]->app, $seen[0]->channel, $seen[0]->id]);
        $this->assertSame(1_700_000_000_123, $seen[0]->occurredAt->getTimestampMs());
        $this->assertSame('7', $seen[3]->userId);
        $this->assertSame(['client-typed', '{}', '1.2', '7'], [$seen[4]->event, $seen[4]->data, $seen[4]->socketId, $seen[4]->userId]);
        $this->assertSame(3, $seen[6]->count);
        $this->assertEquals($seen[4], unserialize(serialize($seen[4])));
    }

    public function test_a_wrong_signature_or_key_is_refused(): void
    {
        Event::fake();

        $this->assertSame(401, $this->send([['name' => 'channel_occupied', 'channel' => 'a', 'id' => '1']], secret: 'other'));
        $this->assertSame(401, $this->send([['name' => 'channel_occupied', 'channel' => 'a', 'id' => '1']], key: 'other'));
        Event::assertNotDispatched(ChannelOccupied::class);
    }

    public function test_what_has_come_by_the_pipe_does_not_come_by_http_again(): void
    {
        $ids = [];
        Event::listen(ChannelOccupied::class, function (ChannelOccupied $event) use (&$ids) {
            $ids[] = $event->app.' '.$event->id;
        });
        $event = ['name' => 'channel_occupied', 'channel' => 'a', 'id' => 'both'];
        $dispatcher = $this->app->make(WebhookDispatcher::class);

        $dispatcher->dispatch('1', $event);
        $dispatcher->dispatch('1', $event);
        $dispatcher->dispatch('1', ['name' => 'of a later version', 'channel' => 'a', 'id' => '8']);
        $dispatcher->dispatch('1', 'no event');
        $this->assertSame(204, $this->send([$event]));
        $this->assertSame(['1 both'], $ids);
    }

    public function test_what_comes_twice_is_dispatched_once_unless_a_listener_failed(): void
    {
        $calls = 0;
        Event::listen(ChannelOccupied::class, function () use (&$calls) {
            if ($calls++ === 0) {
                throw new RuntimeException('the first fails');
            }
        });
        $events = [['name' => 'channel_occupied', 'channel' => 'a', 'id' => 'again']];

        $this->assertSame(500, $this->send($events));
        $this->assertSame(204, $this->send($events));
        $this->assertSame(204, $this->send($events));
        $this->assertSame(2, $calls);
    }
}
