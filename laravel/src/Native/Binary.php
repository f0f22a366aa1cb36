<?php

namespace Laravel\Reverb\Native;

use Illuminate\Contracts\Config\Repository;
use Laravel\Reverb\Exceptions\BinaryMissing;
use Symfony\Component\Process\ExecutableFinder;

/**
 * Finds the native server: by REVERB_BINARY, else where the package was built, else in the cache, else
 * on the PATH. A program of another version than this package's is refused.
 */
class Binary
{
    /** @var list<string> */
    protected array $refusals = [];

    public function __construct(protected Repository $config, protected BinaryCache $cache)
    {
        //
    }

    /**
     * Null if it has to be installed first.
     *
     * @throws BinaryMissing where the configured one cannot be taken
     */
    public function find(): ?string
    {
        $this->refusals = [];

        return $this->configured() ?? $this->accept(self::target()) ?? $this->accept($this->cache->path()) ?? $this->accept($this->onPath());
    }

    /**
     * Why programs that were found were refused.
     *
     * @return list<string>
     */
    public function refusals(): array
    {
        return $this->refusals;
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

    /**
     * The version of the sources, which must be the server's too.
     */
    public static function version(): string
    {
        $header = (string) @file_get_contents(self::package().'/src/base/version.h');

        return preg_match('/^#define VERSION "(\S+)"/m', $header, $match) === 1
            ? $match[1]
            : throw new BinaryMissing('The package ['.self::package().'] is incomplete. Run: composer reinstall reverb-native/reverb');
    }

    protected function configured(): ?string
    {
        $path = $this->config->get('reverb.binary') ?: getenv('REVERB_BINARY');

        if (! $path) {
            return null;
        }

        $refusal = (new Candidate($path))->refusal(self::version());

        if ($refusal !== null) {
            throw new BinaryMissing("REVERB_BINARY {$refusal} Remove REVERB_BINARY from the environment, and run: php artisan reverb:build");
        }

        return realpath($path) ?: $path;
    }

    protected function accept(?string $path): ?string
    {
        if ($path === null || ! ($candidate = new Candidate($path))->exists()) {
            return null;
        }

        $refusal = $candidate->refusal(self::version());

        if ($refusal !== null) {
            $this->refusals[] = $refusal;
        }

        return $refusal === null ? $path : null;
    }

    protected function onPath(): ?string
    {
        return (new ExecutableFinder)->find('reverb');
    }
}
