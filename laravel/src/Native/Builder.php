<?php

namespace Laravel\Reverb\Native;

use Illuminate\Support\Str;
use Laravel\Reverb\Exceptions\BinaryMissing;
use Symfony\Component\Process\ExecutableFinder;
use Symfony\Component\Process\Process as Command;

/**
 * Builds the native server from the package's sources, with make and a C compiler.
 */
class Builder
{
    protected const LAST_LINES = 20;

    public function __construct(protected string $folder)
    {
        //
    }

    /**
     * Calls `$progress` with the number of compiled files and of all files. Returns the server's path.
     *
     * @param  (callable(int $done, int $total): void)|null  $progress
     *
     * @throws BinaryMissing
     */
    public function build(?callable $progress = null): string
    {
        $this->checkPlatform();
        $this->checkDependencies();

        // Two starts at once: the second finds the first one's work done.
        $lock = $this->lock();

        try {
            $this->make($progress ?? fn () => null);
        } finally {
            flock($lock, LOCK_UN);
        }

        return $this->folder.'/build/reverb';
    }

    protected function checkPlatform(): void
    {
        if (PHP_OS_FAMILY === 'Windows') {
            throw new BinaryMissing('The native server runs on Linux and macOS; on Windows, use WSL.');
        }
    }

    /**
     * What is missing, and the command that installs it.
     */
    protected function checkDependencies(): void
    {
        $check = new Command(['sh', 'tools/check-dependencies'], $this->folder);

        if ($check->run() !== 0) {
            throw new BinaryMissing(trim($check->getErrorOutput()));
        }
    }

    /**
     * @return resource
     */
    protected function lock()
    {
        $folder = $this->folder.'/build';

        if (! is_dir($folder)) {
            @mkdir($folder, 0755, true);
        }

        $lock = @fopen("{$folder}/.lock", 'c');

        if ($lock === false) {
            throw new BinaryMissing("[{$folder}] cannot be written. As its owner, run: make -C {$this->folder}");
        }

        flock($lock, LOCK_EX);

        return $lock;
    }

    protected function make(callable $progress): void
    {
        // V=1: the lines of the compiler are counted.
        $total = $this->count((new Command(['make', '-n', 'V=1', 'build'], $this->folder))->mustRun()->getOutput());
        $make = new Command(['make', '-j'.$this->jobs(), 'V=1', 'build'], $this->folder, timeout: null);
        $done = 0;

        $make->run(function (string $type, string $output) use ($progress, &$done, $total) {
            $compiled = $type === Command::OUT ? $this->count($output) : 0;

            if ($compiled > 0) {
                $progress($done = min($done + $compiled, $total), $total);
            }
        });

        if (! $make->isSuccessful()) {
            throw new BinaryMissing(
                "The native server could not be built (make -C {$this->folder}):\n".$this->lastLines($make->getErrorOutput())
            );
        }
    }

    protected function count(string $output): int
    {
        return (int) preg_match_all('/ -c -o \S+\.o /', $output);
    }

    protected function lastLines(string $text): string
    {
        return implode("\n", array_slice(explode("\n", trim($text)), -self::LAST_LINES));
    }

    protected function jobs(): int
    {
        $finder = new ExecutableFinder;
        $command = $finder->find('nproc') ? ['nproc'] : ['sysctl', '-n', 'hw.ncpu'];
        $count = new Command($command);
        $count->run();

        return max(1, (int) Str::trim($count->getOutput()));
    }
}
