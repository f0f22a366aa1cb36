<?php

namespace Laravel\Reverb\Native;

use Symfony\Component\Process\Process as Program;

/**
 * Re-executes this artisan, with the current code and configuration, while the server that it has started
 * keeps serving: the server of the new artisan takes over its listening sockets. The process
 * manager sees one process all the time.
 */
class Succession
{
    /** Names the control socket of the server that is replaced. */
    protected const PREDECESSOR = 'REVERB_SUCCEEDS';

    /** The processes that must then be waited for, so that no zombie stays: one may still end when the next is replaced. */
    protected const FORMER = 'REVERB_FORMER_PID';

    protected const CHECK_SECONDS = 60;

    /** @var list<int> */
    protected array $former;

    public function __construct(protected string $binary, protected string $directory)
    {
        $this->former = array_values(array_filter(array_map(intval(...), explode(' ', (string) getenv(self::FORMER)))));
        putenv(self::FORMER);
    }

    public function isPossible(): bool
    {
        return function_exists('pcntl_exec') && isset($_SERVER['argv'][0]);
    }

    /**
     * The reason why a new artisan cannot start; null if it can.
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
            self::FORMER => implode(' ', [...$this->former, $pid]),
        ]);
    }

    /**
     * The new server has been started: a server started later is no successor.
     */
    public function forget(): void
    {
        putenv(self::PREDECESSOR);
    }

    /**
     * Collects the exit status of previous servers that have ended.
     */
    public function reap(): void
    {
        $this->former = array_values(array_filter($this->former, fn (int $pid) => pcntl_waitpid($pid, $status, WNOHANG) === 0));
    }

    /**
     * As this process got it: values that Laravel has added from `.env` would override the current ones.
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
