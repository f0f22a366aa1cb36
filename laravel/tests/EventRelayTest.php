<?php

namespace Laravel\Reverb\Tests;

use Illuminate\Events\Dispatcher;
use Laravel\Reverb\ConfigApplicationProvider;
use Laravel\Reverb\Events;
use Laravel\Reverb\Exceptions\NotInPhp;
use Laravel\Reverb\Native\EventRelay;
use Laravel\Reverb\Native\Relay;
use Laravel\Reverb\Protocols\Pusher\Channels\PresenceCacheChannel;

class EventRelayTest extends TestCase
{
    protected Dispatcher $events;

    /** @var array<int, object> */
    protected array $heard = [];

    protected function relay(?Relay $relay = null): EventRelay
    {
        return new EventRelay(
            $this->events,
            new ConfigApplicationProvider(collect([['app_id' => '1', 'key' => 'k', 'secret' => 's']])),
            $relay,
        );
    }

    protected function setUp(): void
    {
        parent::setUp();

        $this->events = new Dispatcher($this->app);
    }

    protected function listen(string $class): void
    {
        $this->events->listen($class, function (object $event) {
            $this->heard[] = $event;
        });
    }

    public function test_only_what_has_a_listener_is_streamed(): void
    {
        $this->assertSame([], $this->relay()->kinds());

        $this->events->listen('*', fn () => null);
        $this->assertSame([], $this->relay()->kinds(), 'a listener to everything does not ask for these');

        $this->listen(Events\MessageSent::class);
        $this->listen(Events\MessagesCounted::class);
        $this->assertSame(['MessageSent', 'sums'], $this->relay()->kinds());
    }

    public function test_a_pattern_of_ours_is_a_listener(): void
    {
        $this->events->listen('Laravel\Reverb\Events\Channel*', fn () => null);

        $this->assertSame(['ChannelCreated', 'ChannelRemoved'], $this->relay()->kinds());
    }

    public function test_a_line_becomes_its_event(): void
    {
        $this->listen(Events\MessageReceived::class);
        $this->relay()->dispatch([
            'event' => 'MessageReceived', 'app' => '1', 'socket_id' => '1.2', 'origin' => 'https://a.test', 'seen' => 7, 'message' => '{}',
        ]);

        $connection = $this->heard[0]->connection;
        $this->assertSame(['1.2', '1.2', '1', 'https://a.test', 7, '{}'], [
            $connection->id(), $connection->identifier(), $connection->app()->id(), $connection->origin(), $connection->lastSeenAt(), $this->heard[0]->message,
        ]);
        $this->assertFalse($connection->usesControlFrames());
    }

    public function test_a_channel_is_of_the_kind_of_its_name(): void
    {
        $this->listen(Events\ChannelRemoved::class);
        $this->relay()->dispatch(['event' => 'ChannelRemoved', 'app' => '1', 'channel' => 'presence-cache-x']);

        $this->assertInstanceOf(PresenceCacheChannel::class, $this->heard[0]->channel);
        $this->expectException(NotInPhp::class);
        $this->heard[0]->channel->connections();
    }

    public function test_sums_are_an_event_an_app(): void
    {
        $this->listen(Events\MessagesCounted::class);
        $this->relay()->dispatch(['event' => 'sums', 'at' => 9, 'apps' => [1 => [3, 2], 'gone' => [1, 1]]]);

        $this->assertCount(1, $this->heard);
        $this->assertSame([3, 2, 9], [$this->heard[0]->sent, $this->heard[0]->received, $this->heard[0]->at]);
    }

    public function test_a_listener_sends_through_the_server_and_a_queued_one_cannot(): void
    {
        $relay = new class implements Relay
        {
            public array $told = [];

            public function send(string $socketId, string $message): void
            {
                $this->told[] = [$socketId, $message];
            }

            public function disconnect(string $socketId): void
            {
                $this->told[] = [$socketId];
            }
        };
        $this->listen(Events\ConnectionOpened::class);
        $this->relay($relay)->dispatch(['event' => 'ConnectionOpened', 'app' => '1', 'socket_id' => '1.2']);

        $connection = $this->heard[0]->connection;
        $connection->send('hi');
        $connection->disconnect();
        $this->assertSame([['1.2', 'hi'], ['1.2']], $relay->told);

        $queued = unserialize(serialize($connection));
        $this->assertSame('1.2', $queued->id());
        $this->expectException(NotInPhp::class);
        $queued->send('hi');
    }

    public function test_what_is_not_known_is_left_out(): void
    {
        $this->relay()->dispatch(['event' => 'ofTomorrow']);
        $this->relay()->dispatch(['event' => 'MessageSent', 'app' => 'gone', 'socket_id' => '1.2', 'message' => '']);

        $this->assertSame([], $this->heard);
    }
}
