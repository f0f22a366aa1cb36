<?php

namespace Laravel\Reverb\Native;

use Illuminate\Contracts\Config\Repository;
use Laravel\Reverb\Exceptions\DownloadFailed;
use RecursiveDirectoryIterator;
use RecursiveIteratorIterator;
use Symfony\Component\Process\Process as Command;

/**
 * The release of this version for this machine: a tarball with its sha256 and its signature beside
 * it.
 */
class Release
{
    protected const PLATFORMS = ['linux-x86_64', 'linux-aarch64'];

    protected const KEY = __DIR__.'/../../resources/release.pem';

    public function __construct(
        protected Repository $config,
        protected Download $download,
        protected BinaryCache $cache,
    ) {
        //
    }

    /**
     * Why it cannot be downloaded, as far as is known without a request; null if it can.
     */
    public function obstacle(): ?string
    {
        return match (true) {
            ! in_array(Platform::name(), self::PLATFORMS, true) => 'There are no releases for '.Platform::name().'.',
            $this->address() === null => 'Where releases are is not known: set REVERB_RELEASES_URL to download the native server.',
            ! $this->signature()->hasKey() => $this->config->get('reverb.releases.key')
                ? "REVERB_RELEASES_KEY [{$this->key()}] is not an Ed25519 public key: no release can be verified."
                : "This package has only a placeholder [{$this->key()}] for the key of releases: none can be verified. Set REVERB_RELEASES_KEY for releases of your own.",
            default => null,
        };
    }

    /**
     * REVERB_RELEASES_URL; else the releases of the package's own repository, if it is at GitHub.
     */
    protected function address(): ?string
    {
        $url = (string) $this->config->get('reverb.releases.url');

        if ($url === '') {
            $composer = json_decode((string) @file_get_contents(Binary::package().'/composer.json'), true);
            $homepage = rtrim($composer['homepage'] ?? '', '/');
            $url = str_starts_with($homepage, 'https://github.com/') ? "{$homepage}/releases/download" : '';
        }

        return $url === '' ? null : rtrim($url, '/');
    }

    protected function key(): string
    {
        return $this->config->get('reverb.releases.key') ?: (realpath(self::KEY) ?: self::KEY);
    }

    protected function signature(): Signature
    {
        return new Signature($this->key());
    }

    public function name(): string
    {
        return 'reverb-'.Binary::version().'-'.Platform::name().'.tar.gz';
    }

    public function url(): string
    {
        return $this->address().'/v'.Binary::version().'/'.$this->name();
    }

    /**
     * Downloads the server into the cache and returns its path there.
     *
     * @param  callable(int $done, int $total): void  $progress
     *
     * @throws DownloadFailed
     */
    public function bring(callable $progress): string
    {
        $tarball = $this->cache->partial($this->name());
        $wasBegun = is_file($tarball);

        $this->download->file($this->url(), $tarball, $progress);

        try {
            $this->verify($tarball);
        } catch (DownloadFailed $e) {
            unlink($tarball);

            // The remains of an earlier attempt may be of another file.
            return $wasBegun ? $this->bring($progress) : throw $e;
        }

        try {
            return $this->install($tarball);
        } finally {
            unlink($tarball);
        }
    }

    protected function verify(string $tarball): void
    {
        $expected = strtolower(strtok($this->download->text($this->url().'.sha256'), " \t\n") ?: '');
        $actual = (string) hash_file('sha256', $tarball);

        if (! hash_equals($expected, $actual)) {
            throw new DownloadFailed("[{$this->name()}] is damaged: its sha256 is {$actual}, and must be {$expected}. It was deleted.");
        }

        if (! $this->signature()->matches($tarball, $this->download->text($this->url().'.sig'))) {
            throw new DownloadFailed("[{$this->name()}] was not signed with the key of this package: do not use it. It was deleted.");
        }
    }

    protected function install(string $tarball): string
    {
        $folder = "{$tarball}.d";

        @mkdir($folder, 0700);

        try {
            $tar = new Command(['tar', '-xzf', $tarball, '-C', $folder], timeout: null);

            if ($tar->run() !== 0) {
                throw new DownloadFailed("[{$this->name()}] cannot be unpacked: ".trim($tar->getErrorOutput()));
            }

            $program = $this->program($folder) ?? throw new DownloadFailed("[{$this->name()}] has no server in it.");
            $refusal = (new Candidate($program))->refusal(Binary::version());

            if ($refusal !== null) {
                throw new DownloadFailed("[{$this->name()}] is of no use here: {$refusal}");
            }

            return $this->cache->store($program);
        } finally {
            (new Command(['rm', '-rf', $folder]))->run();
        }
    }

    /**
     * The file "reverb", in any folder of the tarball.
     */
    protected function program(string $folder): ?string
    {
        foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator($folder)) as $path => $file) {
            if ($file->getFilename() === 'reverb' && $file->isFile() && $file->isExecutable()) {
                return $path;
            }
        }

        return null;
    }
}
