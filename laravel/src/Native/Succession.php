<?php

namespace Laravel\Reverb\Native;

use Symfony\Component\Process\Process as Program;

/**
 * Puts this artisan in its own place, with the code and configuration of today, while the server that it has
 * started serves on: the server of the new artisan takes the listening sockets from it. The process
 * manager sees one process all the time.
 */
class Succession
{
    /** Names the control socket of the server whose place is taken. */
    protected const PREDECESSOR = 'REVERB_SUCCEEDS';

    /** The process that is then still to be waited for, so that no zombie stays. */
    protected const FORMER = 'REVERB_FORMER_PID';

    protected const CHECK_SECONDS = 60;

    protected int $former;

    public function __construct(protected string $binary, protected string $directory)
    {
        $this->former = (int) getenv(self::FORMER);
        putenv(self::FORMER);
    }

    public function isPossible(): bool
    {
        return function_exists('pcntl_exec') && isset($_SERVER['argv'][0]);
    }

    /**
     * What keeps a new artisan from serving; null if nothing does.
     */
    public function fault(): ?string
    {
        $check = new Program(
            [...$this->command(), '--check', '--no-ansi'],
            $this->directory,
            [...array_fill_keys(array_keys(getenv() + $_ENV), false), ...$this->environment()],
            timeout: self::CHECK_SECONDS,
        );
        $check->run();

        if ($check->isSuccessful()) {
            return null;
        }

        $said = trim((string) preg_replace('/\s+/', ' ', $check->getErrorOutput().' '.$check->getOutput()));

        return $said === '' ? "the new process would end with status {$check->getExitCode()}" : $said;
    }

    /**
     * Returns only if the system refuses.
     */
    public function take(string $control, int $pid): void
    {
        pcntl_exec($this->binary, ['renew', ...$this->command()], [
            ...$this->environment(),
            self::PREDECESSOR => $control,
            self::FORMER => (string) $pid,
        ]);
    }

    /**
     * The new server has been started: what is started later is no successor.
     */
    public function forget(): void
    {
        putenv(self::PREDECESSOR);
    }

    /**
     * The former server has ended, or has yet to.
     */
    public function reap(): void
    {
        if ($this->former > 0 && pcntl_waitpid($this->former, $status, WNOHANG) !== 0) {
            $this->former = 0;
        }
    }

    /**
     * As this process got it: what Laravel has added from `.env` since would beat what stands there now.
     *
     * @return array<string, string>
     */
    protected function environment(): array
    {
        $text = @file_get_contents('/proc/self/environ');

        if ($text === false) {
            return getenv();
        }

        $environment = [];

        foreach (explode("\0", rtrim($text, "\0")) as $entry) {
            [$name, $value] = [...explode('=', $entry, 2), ''];
            $environment[$name] = $value;
        }

        return array_diff_key($environment, [self::PREDECESSOR => '', self::FORMER => '']);
    }

    /**
     * As this process was started, with PHP's own options.
     *
     * @return array<int, string>
     */
    protected function command(): array
    {
        $line = @file_get_contents('/proc/self/cmdline');

        return $line === false || $line === ''
            ? [PHP_BINARY, ...$_SERVER['argv']]
            : [PHP_BINARY, ...array_slice(explode("\0", rtrim($line, "\0")), 1)];
    }
}
