<?php

namespace Laravel\Reverb\Native;

use Illuminate\Contracts\Config\Repository;
use Laravel\Reverb\Exceptions\BinaryMissing;
use Symfony\Component\Process\ExecutableFinder;

/**
 * Where the native server is: where REVERB_BINARY says, else on the PATH, else where this package
 * builds it.
 */
class Binary
{
    public function __construct(protected Repository $config)
    {
        //
    }

    /**
     * Null where it has to be built first.
     *
     * @throws BinaryMissing where the configured one cannot be run
     */
    public function find(): ?string
    {
        return $this->configured() ?? $this->onPath() ?? $this->built();
    }

    /**
     * The package's own folder, with the server's sources.
     */
    public static function package(): string
    {
        return dirname(__DIR__, 3);
    }

    public static function target(): string
    {
        return self::package().'/build/reverb';
    }

    protected function configured(): ?string
    {
        $path = $this->config->get('reverb.binary') ?: getenv('REVERB_BINARY');

        if (! $path) {
            return null;
        }

        if (! is_file($path) || ! is_executable($path)) {
            throw new BinaryMissing("REVERB_BINARY is \"{$path}\", which is no program that can be run.");
        }

        return realpath($path) ?: $path;
    }

    /**
     * Other programs may have the same name: ours says so.
     */
    protected function onPath(): ?string
    {
        $path = (new ExecutableFinder)->find('reverb');

        if ($path === null) {
            return null;
        }

        exec(escapeshellarg($path).' --version 2>/dev/null', $output, $status);

        return $status === 0 && preg_match('/^reverb \d/', $output[0] ?? '') ? $path : null;
    }

    protected function built(): ?string
    {
        return is_executable(self::target()) ? self::target() : null;
    }
}
