<?php

namespace Laravel\Reverb\Console;

use Laravel\Reverb\Exceptions\BinaryMissing;
use Laravel\Reverb\Exceptions\DownloadFailed;
use Laravel\Reverb\Native\Binary;
use Laravel\Reverb\Native\BinaryCache;
use Laravel\Reverb\Native\Builder;
use Laravel\Reverb\Native\Release;
use Symfony\Component\Console\Helper\ProgressBar;

use function Laravel\Prompts\confirm;

trait BringsTheServer
{
    /**
     * The native server's path; null if it has to be installed. Reports programs that were found and refused.
     *
     * @throws BinaryMissing
     */
    protected function findServer(): ?string
    {
        $binary = $this->laravel->make(Binary::class);
        $path = $binary->find();

        foreach ($path === null ? $binary->refusals() : [] as $refusal) {
            $this->components->warn($refusal);
        }

        return $path;
    }

    /**
     * Downloads the release, if there is one and the user agrees; else builds the server. Returns its path.
     *
     * @throws BinaryMissing
     */
    protected function bringServer(bool $mayDownload = true): string
    {
        $release = $this->laravel->make(Release::class);

        $obstacle = $mayDownload ? $release->obstacle() : null;

        if ($obstacle !== null) {
            $this->components->warn($obstacle);
        } elseif ($mayDownload && confirm("Would you like to download the native server [{$release->name()}]?", hint: 'Otherwise it is built from source.')) {
            try {
                return $this->download($release);
            } catch (DownloadFailed $e) {
                $this->components->error($e->getMessage());
            }
        }

        return $this->build();
    }

    protected function download(Release $release): string
    {
        $this->components->info("Downloading the native server from [{$release->url()}].");

        $bar = null;

        try {
            return $release->bring(function (int $done, int $total) use (&$bar) {
                $bar ??= $this->progressBar(intdiv($total, 1024), '%current%/%max% KB [%bar%] %percent:3s%%');
                $bar->setProgress(intdiv($done, 1024));
            });
        } finally {
            $this->finish($bar);
        }
    }

    protected function build(): string
    {
        $this->components->info('Building the native server from source.');

        $bar = null;

        try {
            $path = (new Builder(Binary::package()))->build(function (int $done, int $total) use (&$bar) {
                $bar ??= $this->progressBar($total, '%current%/%max% files [%bar%] %percent:3s%%');
                $bar->setProgress($done);
            });
        } finally {
            $this->finish($bar);
        }

        return $this->laravel->make(BinaryCache::class)->store($path);
    }

    protected function progressBar(int $total, string $format): ProgressBar
    {
        $bar = $this->output->createProgressBar($total);
        $bar->setFormat($format);

        return $bar;
    }

    protected function finish(?ProgressBar $bar): void
    {
        if ($bar !== null) {
            $bar->finish();
            $this->output->newLine(2);
        }
    }
}
