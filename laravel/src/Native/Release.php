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
     * Whether there is one for this machine, as far as is known without a request.
     */
    public function isOffered(): bool
    {
        return (bool) $this->config->get('reverb.releases.url') && in_array(Platform::name(), self::PLATFORMS, true);
    }

    public function name(): string
    {
        return 'reverb-'.Binary::version().'-'.Platform::name().'.tar.gz';
    }

    public function url(): string
    {
        return rtrim((string) $this->config->get('reverb.releases.url'), '/').'/v'.Binary::version().'/'.$this->name();
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

        $signature = new Signature($this->config->get('reverb.releases.key') ?: self::KEY);

        if (! $signature->matches($tarball, $this->download->text($this->url().'.sig'))) {
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
