<?php

namespace Laravel\Reverb\Native;

use RuntimeException;

/**
 * The native server as a child process: lines of its output, lines of its events, commands to it.
 */
class Process implements Relay
{
    public const OUTPUT = 1;

    public const ERRORS = 2;

    public const EVENTS = 3;

    public const COMMANDS = 4;

    protected const READ_LENGTH = 65536;

    /** @var resource|null */
    protected $process = null;

    /** @var array<int, resource> */
    protected array $pipes = [];

    /** @var array<int, string> input after the last end of a line */
    protected array $partial = [];

    protected int $pid = 0;

    protected ?int $exitCode = null;

    /**
     * @param  list<string>  $command
     */
    public function __construct(protected array $command, protected ?string $directory = null)
    {
        //
    }

    /**
     * Starts it, and gives it `$input` on its standard input.
     */
    public function start(string $input): void
    {
        $process = proc_open($this->command, [
            0 => ['pipe', 'r'],
            self::OUTPUT => ['pipe', 'w'],
            self::ERRORS => ['pipe', 'w'],
            self::EVENTS => ['pipe', 'w'],
            self::COMMANDS => ['pipe', 'r'],
        ], $this->pipes, $this->directory);

        if (! is_resource($process)) {
            throw new RuntimeException("{$this->command[0]} cannot be started.");
        }

        $this->process = $process;
        $this->pid = proc_get_status($process)['pid'];

        // A server that ends before it has read everything says why on its standard error.
        @fwrite($this->pipes[0], $input);
        fclose($this->pipes[0]);
        unset($this->pipes[0]);

        foreach ([self::OUTPUT, self::ERRORS, self::EVENTS] as $number) {
            stream_set_blocking($this->pipes[$number], false);
            $this->partial[$number] = '';
        }
    }

    public function pid(): int
    {
        return $this->pid;
    }

    public function signal(int $signal): void
    {
        if ($this->isRunning()) {
            proc_terminate($this->process, $signal);
        }
    }

    public function isRunning(): bool
    {
        if ($this->process === null || $this->exitCode !== null) {
            return false;
        }

        $status = proc_get_status($this->process);

        if ($status['running']) {
            return true;
        }

        // Before PHP 8.3 only the first call returns it.
        $this->exitCode = $status['signaled'] ? 128 + $status['termsig'] : $status['exitcode'];

        return false;
    }

    /**
     * Its exit status, once it is not running any more.
     */
    public function exitCode(): int
    {
        return $this->exitCode ?? 1;
    }

    /**
     * Calls `$each` with the stream's number and each line that comes within so many seconds. False
     * once all streams have ended.
     *
     * @param  callable(int, string): void  $each
     */
    public function read(callable $each, float $seconds): bool
    {
        $streams = array_intersect_key($this->pipes, $this->partial);

        if ($streams === []) {
            return false;
        }

        $none = null;

        // A signal interrupts it, which is not an error.
        if (! @stream_select($streams, $none, $none, (int) $seconds, (int) (fmod($seconds, 1) * 1_000_000))) {
            return true;
        }

        foreach (array_keys($streams) as $number) {
            $this->readFrom($number, $each);
        }

        return true;
    }

    protected function readFrom(int $number, callable $each): void
    {
        $read = fread($this->pipes[$number], self::READ_LENGTH);

        if ($read === '' || $read === false) {
            if (feof($this->pipes[$number])) {
                $this->end($number, $each);
            }

            return;
        }

        $lines = explode("\n", $this->partial[$number].$read);
        $this->partial[$number] = array_pop($lines);

        foreach ($lines as $line) {
            $each($number, $line);
        }
    }

    protected function end(int $number, callable $each): void
    {
        $rest = $this->partial[$number];

        fclose($this->pipes[$number]);
        unset($this->pipes[$number], $this->partial[$number]);

        if ($rest !== '') {
            $each($number, $rest);
        }
    }

    public function configure(string $json): void
    {
        $this->command('{"command":"config","config":'.$json.'}');
    }

    public function send(string $socketId, string $message): void
    {
        $this->command(json_encode(['command' => 'send', 'socket_id' => $socketId, 'message' => $message], JSON_THROW_ON_ERROR));
    }

    public function disconnect(string $socketId): void
    {
        $this->command(json_encode(['command' => 'disconnect', 'socket_id' => $socketId], JSON_THROW_ON_ERROR));
    }

    /**
     * A new server will replace this one, which reports when it waits for it.
     */
    public function await(): void
    {
        $this->command('{"command":"await"}');
    }

    public function refuse(string $reason): void
    {
        $this->command(json_encode(['command' => 'refuse', 'reason' => $reason], JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE));
    }

    protected function command(string $line): void
    {
        if (isset($this->pipes[self::COMMANDS]) && $this->isRunning()) {
            @fwrite($this->pipes[self::COMMANDS], $line."\n");
        }
    }
}
