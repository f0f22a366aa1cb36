<?php

namespace Laravel\Reverb\Console;

use Illuminate\Console\Command;
use Illuminate\Filesystem\Filesystem;
use Illuminate\Support\Str;
use Laravel\Reverb\Exceptions\BinaryMissing;
use Laravel\Reverb\ReverbServiceProvider;
use Symfony\Component\Console\Attribute\AsCommand;

use function Laravel\Prompts\confirm;

#[AsCommand(name: 'reverb:install')]
class InstallCommand extends Command
{
    use BuildsTheServer;

    protected $signature = 'reverb:install';

    protected $description = 'Install Reverb: environment, configuration, broadcasting, and the native server';

    public function handle(Filesystem $files): int
    {
        $this->addEnvironment($files);
        $this->publishConfiguration();
        $this->addConnection($files);

        $wantsDriver = ! $this->isDriver($files)
            && confirm('Broadcast with Reverb from now on (BROADCAST_CONNECTION=reverb)?');

        $this->enableBroadcasting($files);

        if ($wantsDriver) {
            $this->chooseDriver($files);
        }

        return $this->bringServer();
    }

    /**
     * The server is asked for last: what it lacks does not leave the application half installed.
     */
    protected function bringServer(): int
    {
        try {
            $this->components->twoColumnDetail('Native server', $this->binary());
        } catch (BinaryMissing $e) {
            $this->components->error('The application is installed; the native server is not there yet.');
            $this->line($e->getMessage());

            return self::FAILURE;
        }

        $this->components->info('Reverb is installed: php artisan reverb:start');

        return self::SUCCESS;
    }

    /* --- the environment ---------------------------------------------------------------------- */

    protected function addEnvironment(Filesystem $files): void
    {
        $path = $this->laravel->environmentFilePath();

        if ($files->missing($path)) {
            $this->components->warn("There is no {$path}: set REVERB_APP_ID, REVERB_APP_KEY and REVERB_APP_SECRET where your environment is.");

            return;
        }

        $text = $files->get($path);
        $server = $this->missing($text, [
            'REVERB_APP_ID' => random_int(100_000, 999_999),
            'REVERB_APP_KEY' => Str::lower(Str::random(20)),
            'REVERB_APP_SECRET' => Str::lower(Str::random(20)),
            'REVERB_HOST' => '"localhost"',
            'REVERB_PORT' => 8080,
            'REVERB_SCHEME' => 'http',
        ]);
        $vite = $this->missing($text, [
            'VITE_REVERB_APP_KEY' => '"${REVERB_APP_KEY}"',
            'VITE_REVERB_HOST' => '"${REVERB_HOST}"',
            'VITE_REVERB_PORT' => '"${REVERB_PORT}"',
            'VITE_REVERB_SCHEME' => '"${REVERB_SCHEME}"',
        ]);

        $blocks = array_filter([$server, $vite]);

        if ($blocks === []) {
            return;
        }

        $files->put($path, rtrim($text, "\n")."\n\n".implode("\n\n", $blocks)."\n");
        $this->warnOfCachedConfiguration();
    }

    /**
     * Lines for those of the variables that the file does not set.
     */
    protected function missing(string $text, array $variables): string
    {
        return collect($variables)
            ->reject(fn ($value, string $name) => $this->sets($text, $name))
            ->map(fn ($value, string $name) => "{$name}={$value}")
            ->implode("\n");
    }

    protected function sets(string $text, string $name): bool
    {
        return preg_match('/^\s*(export\s+)?'.preg_quote($name).'\s*=/m', $text) === 1;
    }

    protected function warnOfCachedConfiguration(): void
    {
        if ($this->laravel->configurationIsCached()) {
            $this->components->warn('The configuration is cached: run php artisan config:cache again.');
        }
    }

    /* --- configuration ------------------------------------------------------------------------ */

    protected function publishConfiguration(): void
    {
        $this->callSilently('vendor:publish', [
            '--provider' => ReverbServiceProvider::class,
            '--tag' => 'reverb-config',
        ]);
    }

    /**
     * Only a config/broadcasting.php from before Laravel knew Reverb lacks it.
     */
    protected function addConnection(Filesystem $files): void
    {
        $path = config_path('broadcasting.php');

        if (config('broadcasting.connections.reverb') !== null || $files->missing($path)) {
            return;
        }

        $connection = <<<'PHP'

                'reverb' => [
                    'driver' => 'reverb',
                    'key' => env('REVERB_APP_KEY'),
                    'secret' => env('REVERB_APP_SECRET'),
                    'app_id' => env('REVERB_APP_ID'),
                    'options' => [
                        'host' => env('REVERB_HOST'),
                        'port' => env('REVERB_PORT', 443),
                        'scheme' => env('REVERB_SCHEME', 'https'),
                        'useTLS' => env('REVERB_SCHEME', 'https') === 'https',
                    ],
                    'client_options' => [],
                ],

        PHP;

        $text = $files->get($path);
        $changed = preg_replace_callback(
            '/^(\s*)([\'"]connections[\'"]\s*=>\s*\[)[ \t]*\n/m',
            fn (array $match) => $match[0].$connection,
            $text,
            1,
            $count,
        );

        if ($count === 0) {
            $this->components->warn("{$path} has no list of connections: add the connection \"reverb\" by hand.");

            return;
        }

        $files->put($path, $changed);
    }

    /* --- broadcasting ------------------------------------------------------------------------- */

    /**
     * Where there is no routes/channels.php, broadcasting is not enabled yet.
     */
    protected function enableBroadcasting(Filesystem $files): void
    {
        if ($files->exists($this->laravel->basePath('routes/channels.php'))) {
            return;
        }

        if (! confirm('Broadcasting is not enabled yet. Enable it (install:broadcasting)?')) {
            return;
        }

        $env = $this->laravel->environmentFilePath();
        $before = $files->exists($env) ? $files->get($env) : null;
        $definition = $this->getApplication()->find('install:broadcasting')->getDefinition();

        // Without a driver it would ask, and fail where it cannot; npm is the user's to run.
        $this->call('install:broadcasting', array_filter([
            '--no-interaction' => true,
            '--without-node' => $definition->hasOption('without-node'),
            '--reverb' => $definition->hasOption('reverb'),
        ]));

        // It has chosen the driver; whether to, was asked here.
        if ($before !== null) {
            $files->put($env, $before);
        }
    }

    protected function isDriver(Filesystem $files): bool
    {
        $path = $this->laravel->environmentFilePath();

        return $files->exists($path)
            && preg_match('/^BROADCAST_CONNECTION=["\']?reverb["\']?\s*$/m', $files->get($path)) === 1;
    }

    protected function chooseDriver(Filesystem $files): void
    {
        $path = $this->laravel->environmentFilePath();

        if ($files->missing($path)) {
            return;
        }

        $text = preg_replace('/^(BROADCAST_(?:DRIVER|CONNECTION)=).*$/m', '${1}reverb', $files->get($path), -1, $count);

        if (! $this->sets($text, 'BROADCAST_CONNECTION')) {
            $text = rtrim($text, "\n")."\n\nBROADCAST_CONNECTION=reverb\n";
        }

        $files->put($path, $text);
        $this->warnOfCachedConfiguration();
    }
}
