<?php

namespace Laravel\Reverb\Console;

use Closure;
use Illuminate\Console\Command;
use Illuminate\Contracts\Config\Repository;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Contracts\Events\Dispatcher;
use Laravel\Reverb\ConfigApplicationProvider;
use Laravel\Reverb\Contracts\ApplicationProvider;
use Laravel\Reverb\Contracts\Logger;
use Laravel\Reverb\Exceptions\BinaryMissing;
use Laravel\Reverb\Exceptions\InvalidConfiguration;
use Laravel\Reverb\Loggers\CliLogger;
use Laravel\Reverb\Native\ChannelManager;
use Laravel\Reverb\Native\Configuration;
use Laravel\Reverb\Native\EventRelay;
use Laravel\Reverb\Native\Ingest;
use Laravel\Reverb\Native\Output;
use Laravel\Reverb\Native\Poll;
use Laravel\Reverb\Native\Process;
use Laravel\Reverb\Native\RestartSignal;
use Laravel\Reverb\Native\Succession;
use Laravel\Reverb\Native\Timer;
use Laravel\Reverb\Protocols\Pusher\Contracts\ChannelManager as ChannelManagerContract;
use Laravel\Reverb\Webhooks\WebhookDispatcher;
use Symfony\Component\Console\Attribute\AsCommand;
use Symfony\Component\Console\Command\SignalableCommandInterface;
use Symfony\Component\Console\Formatter\OutputFormatter;
use Symfony\Component\Console\Output\OutputInterface;
use Symfony\Component\Process\Process as Program;
use Throwable;

#[AsCommand(name: 'reverb:start')]
class StartCommand extends Command implements SignalableCommandInterface
{
    use BringsTheServer;

    /** Seconds between two looks at the key that reverb:restart sets. */
    protected const RESTART_POLL = 2.0;

    /** Seconds between two looks at the apps of a provider of one's own. */
    protected const APPS_POLL = 5.0;

    /** SIGTERM, which has no name where there is no pcntl. */
    protected const TERMINATE = 15;

    protected $signature = 'reverb:start
        {--host= : The address to listen on}
        {--port= : The port to listen on}
        {--path= : The prefix of all routes}
        {--hostname= : The name under which people reach the server; finds its certificate}
        {--check : Only find out whether the server could start}
        {--debug : Show what is received and sent}';

    protected $description = 'Start the Reverb server';

    protected Process $process;

    protected ApplicationProvider $provider;

    protected Configuration $configuration;

    protected Ingest $ingest;

    protected EventRelay $relay;

    protected Output $screen;

    protected string $handedOver = '';

    protected Poll $restartPoll;

    protected bool $isRestarting = false;

    protected Succession $succession;

    public function handle(Repository $config, Dispatcher $events, ApplicationProvider $provider): int
    {
        try {
            $binary = $this->findServer() ?? $this->bringServerLate();
        } catch (BinaryMissing $e) {
            $this->components->error('The native server is missing.');
            $this->line($e->getMessage());

            return self::FAILURE;
        }

        $this->provider = $provider;
        $this->configuration = new Configuration($config, $provider, $this->given());

        if ($this->option('check')) {
            return $this->check($binary);
        }

        $this->succession = new Succession($binary, $this->laravel->basePath());
        $this->ingest = new Ingest($this->laravel, $this->configuration);
        $this->screen = new Output($this->output, $this->components);
        $signal = $this->laravel->make(RestartSignal::class);
        $this->restartPoll = $this->poll('The cache store', fn () => $signal->isGiven() && $this->restart());
        ($this->restartPoll)(); // a signal from before does not count

        $this->laravel->instance(Logger::class, new CliLogger($this->output));
        $this->laravel->singletonIf(ChannelManagerContract::class, ChannelManager::class);

        try {
            $this->start($binary, $events);
        } catch (InvalidConfiguration $e) {
            $this->components->error($e->getMessage());

            return self::FAILURE;
        }

        return $this->serve();
    }

    /**
     * Meanwhile nothing listens on the port, so this is reported.
     */
    protected function bringServerLate(): string
    {
        $this->components->warn('The native server is missing, and the port is closed until it is here. Run [php artisan reverb:build] when you deploy.');

        return $this->bringServer();
    }

    /**
     * @return array<int, int>
     */
    public function getSubscribedSignals(): array
    {
        return defined('SIGINT') ? [SIGINT, SIGTERM, SIGQUIT, SIGTSTP, SIGHUP, SIGUSR1, SIGUSR2] : [];
    }

    /**
     * The server knows what each of them means; when it ends, this command does.
     */
    public function handleSignal(int $signal, int|false $previousExitCode = 0): int|false
    {
        if (! isset($this->process)) {
            return 128 + $signal;
        }

        $this->process->signal($signal);

        return false;
    }

    /**
     * The options of the command line, which override the configuration.
     *
     * @return array{host?: string, port?: string, path?: string, hostname?: string}
     */
    protected function given(): array
    {
        return array_filter([
            'host' => $this->option('host'),
            'port' => $this->option('port'),
            'path' => $this->option('path'),
            'hostname' => $this->option('hostname'),
        ], fn ($value) => $value !== null);
    }

    /**
     * Secrets go over a pipe: a command line can be read by everybody.
     */
    protected function start(string $binary, Dispatcher $events): void
    {
        $command = [
            $binary, 'start', '--config', '-', '--supervised',
            '--events-fd='.Process::EVENTS, '--commands-fd='.Process::COMMANDS,
            ...$this->configuration->arguments(),
        ];

        if ($this->option('debug')) {
            $command[] = '--debug';
        }

        $kinds = (new EventRelay($events, $this->provider))->kinds();
        $process = new Process([...$command, '--events='.implode(',', $kinds)], $this->laravel->basePath());

        $this->relay = new EventRelay($events, $this->provider, $process);
        $this->handedOver = $this->configuration->toJson();

        $process->start($this->handedOver);
        $this->succession->forget();
        $this->process = $process;
    }

    /**
     * Returns the server's exit status, once it has ended and all its events are handled.
     */
    protected function serve(): int
    {
        $apps = $this->poll('The application provider', $this->reloadWhenAppsChange(...));

        $timers = [
            new Timer(self::RESTART_POLL, ($this->restartPoll)(...)),
            new Timer(self::APPS_POLL, $apps(...)),
            new Timer(self::RESTART_POLL, $this->succession->reap(...)),
            ...$this->ingest->timers(),
        ];

        while ($this->process->read($this->hear(...), Timer::untilNext($timers))) {
            foreach ($timers as $timer) {
                $this->attempt($timer->runIfDue(...));
            }
        }

        while ($this->process->isRunning()) {
            usleep(10_000);
        }

        $this->attempt($this->ingest->all(...));

        return $this->process->exitCode();
    }

    protected function hear(int $stream, string $line): void
    {
        if ($stream !== Process::EVENTS) {
            $this->screen->write($stream, $line);

            return;
        }

        $event = json_decode($line, true, flags: JSON_INVALID_UTF8_SUBSTITUTE);

        match ($event['event'] ?? null) {
            null => null,
            'config' => $this->attempt($this->handOver(...)),
            'restart' => $this->attempt($this->restart(...)),
            'webhook' => $this->dispatchWebhook($event),
            'awaiting' => $this->attempt(fn () => $this->succeed($event['control'])),
            default => $this->attempt(fn () => $this->relay->dispatch($event)),
        };

        if (($event['event'] ?? null) === 'dropped') {
            $this->components->warn("Listeners are too slow: {$event['count']} events were not told to them.");
        }
    }

    /**
     * What one listener throws keeps no other event back: the server does not send them again.
     *
     * @param  array<string, mixed>  $line
     */
    protected function dispatchWebhook(array $line): void
    {
        foreach ($line['body']['events'] as $event) {
            $this->attempt(fn () => $this->laravel->make(WebhookDispatcher::class)->dispatch($line['app'], $event));
        }
    }

    /**
     * An exception of the application's own code does not end the server.
     */
    protected function attempt(callable $callback): void
    {
        try {
            $callback();
        } catch (Throwable $e) {
            $this->report($e);
        }
    }

    protected function report(Throwable $e): void
    {
        $this->laravel->make(ExceptionHandler::class)->report($e);
        $this->components->error(OutputFormatter::escape($e::class.': '.$e->getMessage()));
    }

    /**
     * An outage is reported once, and its end once.
     */
    protected function poll(string $name, Closure $look): Poll
    {
        return new Poll($this->laravel, $look, $this->report(...), fn () => $this->components->info("{$name} is available again."));
    }

    /* --- restarting --------------------------------------------------------------------------- */

    protected function restart(): void
    {
        if ($this->isRestarting || ! isset($this->process)) {
            return;
        }

        $this->isRestarting = true;

        if (! $this->succession->isPossible()) {
            $this->stop();
        } elseif (($fault = $this->succession->fault()) !== null) {
            $this->stay($fault);
        } else {
            $this->process->await();
        }
    }

    /**
     * The process manager starts it again.
     */
    protected function stop(): void
    {
        $this->components->info("Stopping server on {$this->address()}");
        $this->process->signal(self::TERMINATE);
    }

    /**
     * The server keeps serving, and waits for its successor, which a new artisan starts.
     */
    protected function succeed(string $control): void
    {
        if ($control === '') {
            $this->stop(); // it cannot be reached

            return;
        }

        $this->attempt($this->ingest->all(...));
        $this->components->info("Restarting server on {$this->address()}");
        $this->succession->take($control, $this->process->pid());
        $this->stay('The system refuses to run it.');
    }

    protected function stay(string $fault): void
    {
        $this->isRestarting = false;
        $this->components->error(OutputFormatter::escape("The server was not restarted. {$fault}"));
        $this->process->refuse($fault);
    }

    protected function address(): string
    {
        return $this->configuration->server('host', '0.0.0.0').':'.$this->configuration->server('port', 8080);
    }

    /**
     * Reads the configuration as the server would.
     */
    protected function check(string $binary): int
    {
        try {
            $json = $this->configuration->toJson();
        } catch (InvalidConfiguration $e) {
            $this->components->error($e->getMessage());

            return self::FAILURE;
        }

        $check = new Program([$binary, 'config', '--config', '-', ...$this->configuration->arguments()], $this->laravel->basePath(), input: $json);
        $check->run();
        $this->output->getErrorStyle()->write($check->getErrorOutput(), false, OutputInterface::OUTPUT_RAW);

        return $check->isSuccessful() ? self::SUCCESS : self::FAILURE;
    }

    /* --- reloading ---------------------------------------------------------------------------- */

    /**
     * Apps of the configuration cannot change while this process lives; others can.
     */
    protected function reloadWhenAppsChange(): void
    {
        if (! $this->provider instanceof ConfigApplicationProvider && $this->configuration->toJson() !== $this->handedOver) {
            $this->handOver();
        }
    }

    protected function handOver(): void
    {
        $this->handedOver = $this->configuration->toJson();
        $this->relay->forgetApplications();
        $this->process->configure($this->handedOver);
    }
}
