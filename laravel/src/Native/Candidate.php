<?php

namespace Laravel\Reverb\Native;

use Symfony\Component\Process\Exception\ExceptionInterface;
use Symfony\Component\Process\Process as Command;

/**
 * A program that may be the native server: its version is checked before it is used.
 */
class Candidate
{
    protected const SECONDS = 10;

    public function __construct(public readonly string $path)
    {
        //
    }

    public function exists(): bool
    {
        return is_file($this->path);
    }

    /**
     * Why it is not a server of this version, as a sentence that begins with its path. Null if it is.
     */
    public function refusal(string $version): ?string
    {
        return match (true) {
            ! $this->exists() => "[{$this->path}] does not exist.",
            ! is_executable($this->path) => "[{$this->path}] is not executable.",
            $this->isForeign() => "[{$this->path}] was built for ".Platform::of($this->path).', and this machine is '.Platform::name().'.',
            ($found = $this->version()) === null => "[{$this->path}] is not a Reverb server that runs here.",
            $found !== $version => "[{$this->path}] is version {$found}, and this package needs version {$version}.",
            default => null,
        };
    }

    protected function isForeign(): bool
    {
        $platform = Platform::of($this->path);

        return $platform !== null && ! str_starts_with(Platform::name(), $platform);
    }

    /**
     * Other programs may have the same name: ours prints what it is.
     */
    protected function version(): ?string
    {
        $command = new Command([$this->path, '--version'], timeout: self::SECONDS);

        try {
            $command->run();
        } catch (ExceptionInterface) {
            return null;
        }

        $said = $command->isSuccessful() ? $command->getOutput() : '';

        return preg_match('/^reverb (\d\S*)/', $said, $match) === 1 ? $match[1] : null;
    }
}
