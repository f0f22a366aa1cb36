<?php

namespace Laravel\Reverb\Console;

use Illuminate\Console\Command;
use Laravel\Reverb\Exceptions\BinaryMissing;
use Symfony\Component\Console\Attribute\AsCommand;

/**
 * For deploy scripts: after it, reverb:start finds its server.
 */
#[AsCommand(name: 'reverb:build')]
class BuildCommand extends Command
{
    use BringsTheServer;

    protected $signature = 'reverb:build
        {--source : Build it from source even if there is a release}
        {--force : Bring it again even if it is there}';

    protected $description = 'Download or build the native Reverb server if it is missing';

    public function handle(): int
    {
        try {
            $path = $this->option('force') ? null : $this->findServer();
            $path ??= $this->bringServer(mayDownload: ! $this->option('source'));
        } catch (BinaryMissing $e) {
            $this->components->error('The native server is missing.');
            $this->line($e->getMessage());

            return self::FAILURE;
        }

        $this->components->twoColumnDetail('Native server', $path);

        return self::SUCCESS;
    }
}
