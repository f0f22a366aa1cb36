<?php

namespace Laravel\Reverb\Native;

use Illuminate\Contracts\Events\Dispatcher as DispatcherContract;
use Illuminate\Events\Dispatcher;
use Laravel\Reverb\Application;
use Laravel\Reverb\Connection;
use Laravel\Reverb\Contracts\ApplicationProvider;
use Laravel\Reverb\Events\ChannelCreated;
use Laravel\Reverb\Events\ChannelRemoved;
use Laravel\Reverb\Events\ConnectionClosed;
use Laravel\Reverb\Events\ConnectionOpened;
use Laravel\Reverb\Events\ConnectionPruned;
use Laravel\Reverb\Events\EventsDropped;
use Laravel\Reverb\Events\MemberAdded;
use Laravel\Reverb\Events\MemberRemoved;
use Laravel\Reverb\Events\MessageReceived;
use Laravel\Reverb\Events\MessagesCounted;
use Laravel\Reverb\Events\MessageSent;
use Laravel\Reverb\Exceptions\InvalidApplication;
use Laravel\Reverb\Protocols\Pusher\Channels\ChannelBroker;
use Laravel\Reverb\Protocols\Pusher\Channels\ChannelConnection;

/**
 * Makes Laravel events from the lines in which the native server reports what happens.
 */
class EventRelay
{
    /**
     * The server's names of events, and Laravel's.
     *
     * @var array<string, class-string>
     */
    protected const KINDS = [
        'ChannelCreated' => ChannelCreated::class,
        'ChannelRemoved' => ChannelRemoved::class,
        'ConnectionOpened' => ConnectionOpened::class,
        'ConnectionClosed' => ConnectionClosed::class,
        'ConnectionPruned' => ConnectionPruned::class,
        'MessageReceived' => MessageReceived::class,
        'MessageSent' => MessageSent::class,
        'MemberAdded' => MemberAdded::class,
        'MemberRemoved' => MemberRemoved::class,
        'sums' => MessagesCounted::class,
    ];

    /** @var array<string, Application> */
    protected array $applications = [];

    public function __construct(
        protected DispatcherContract $events,
        protected ApplicationProvider $provider,
        protected ?Relay $relay = null,
    ) {
        //
    }

    /**
     * Events that have a listener: nothing else is streamed.
     *
     * @return array<int, string>
     */
    public function kinds(): array
    {
        return array_keys(array_filter(self::KINDS, $this->hasListeners(...)));
    }

    /**
     * A listener to everything, as Telescope has one, does not count, although the dispatcher's hasListeners()
     * counts it: each message to each client would become an event.
     */
    protected function hasListeners(string $class): bool
    {
        if (! $this->events->hasListeners($class)) {
            return false;
        }

        // Listeners that match this name too are listeners to everything.
        return ! $this->events instanceof Dispatcher
            || count($this->events->getListeners($class)) > count($this->events->getListeners('Laravel\Reverb'));
    }

    /**
     * Forgets the apps, which may have changed.
     */
    public function forgetApplications(): void
    {
        $this->applications = [];
    }

    /**
     * Dispatches the event of a decoded line. Events of a removed app are ignored.
     *
     * @param  array<string, mixed>  $line
     */
    public function dispatch(array $line): void
    {
        try {
            foreach ($this->make($line) as $event) {
                $this->events->dispatch($event);
            }
        } catch (InvalidApplication) {
            //
        }
    }

    /**
     * @param  array<string, mixed>  $line
     * @return iterable<object>
     */
    protected function make(array $line): iterable
    {
        return match ($line['event'] ?? null) {
            'ChannelCreated' => [new ChannelCreated(ChannelBroker::create($line['channel']))],
            'ChannelRemoved' => [new ChannelRemoved(ChannelBroker::create($line['channel']))],
            'ConnectionOpened' => [new ConnectionOpened($this->connection($line))],
            'ConnectionClosed' => [new ConnectionClosed($this->connection($line))],
            'ConnectionPruned' => [new ConnectionPruned(new ChannelConnection($this->connection($line)))],
            'MessageReceived' => [new MessageReceived($this->connection($line), $line['message'])],
            'MessageSent' => [new MessageSent($this->connection($line), $line['message'])],
            'MemberAdded' => [new MemberAdded(
                $this->application($line['app']),
                ChannelBroker::create($line['channel']),
                $line['user_id'],
                (array) json_decode($line['user_info'] ?? '', true),
            )],
            'MemberRemoved' => [new MemberRemoved(
                $this->application($line['app']), ChannelBroker::create($line['channel']), $line['user_id'],
            )],
            'sums' => $this->sums($line),
            'dropped' => [new EventsDropped($line['count'])],
            default => [],
        };
    }

    /**
     * @param  array<string, mixed>  $line
     * @return iterable<MessagesCounted>
     */
    protected function sums(array $line): iterable
    {
        foreach ($line['apps'] as $id => [$sent, $received]) {
            yield new MessagesCounted($this->application((string) $id), $sent, $received, $line['at']);
        }
    }

    /**
     * @param  array<string, mixed>  $line
     */
    protected function connection(array $line): Connection
    {
        return new Connection(
            $line['socket_id'],
            $this->application($line['app']),
            $line['origin'] ?? null,
            $line['seen'] ?? null,
            $line['uses_control_frames'] ?? false,
            $this->relay,
        );
    }

    protected function application(string $id): Application
    {
        return $this->applications[$id] ??= $this->provider->findById($id);
    }
}
