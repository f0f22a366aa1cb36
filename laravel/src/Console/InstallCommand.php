<?php

namespace Laravel\Reverb\Console;

use Illuminate\Console\Command;
use Illuminate\Contracts\Config\Repository;
use Illuminate\Filesystem\Filesystem;
use Laravel\Reverb\Exceptions\BinaryMissing;
use Laravel\Reverb\ReverbServiceProvider;
use Symfony\Component\Console\Attribute\AsCommand;

use function Laravel\Prompts\confirm;

#[AsCommand(name: 'reverb:install')]
class InstallCommand extends Command
{
    use BringsTheServer;

    protected $signature = 'reverb:install {--webhooks : Take the webhooks of the server}';

    protected $description = 'Install Reverb, and the native server behind it';

    protected Environment $environment;

    public function handle(Filesystem $files, Environment $environment, Repository $config): int
    {
        $this->environment = $environment;

        $this->addEnvironment();
        $this->publishConfiguration();
        $this->addConnection($files, $config);

        if ($this->option('webhooks')) {
            $this->addWebhooks($files);
        }

        $wantsDriver = ! $environment->isDriver()
            && confirm('Would you like to broadcast events with Reverb?', hint: 'BROADCAST_CONNECTION=reverb');

        $this->enableBroadcasting($files);

        if ($wantsDriver) {
            $this->chooseDriver();
        }

        return $this->finishWithServer();
    }

    /**
     * The server comes last: if that fails, the application is not left half installed.
     */
    protected function finishWithServer(): int
    {
        try {
            $this->components->twoColumnDetail('Native server', $this->findServer() ?? $this->bringServer());
        } catch (BinaryMissing $e) {
            $this->components->error('Reverb was installed, but its native server is missing.');
            $this->line($e->getMessage());

            return self::FAILURE;
        }

        $this->components->info('Reverb installed successfully. Run [php artisan reverb:start] to start the server.');

        return self::SUCCESS;
    }

    /* --- the environment ---------------------------------------------------------------------- */

    protected function addEnvironment(): void
    {
        if (! $this->environment->exists()) {
            $this->components->warn("Environment file [{$this->environment->path()}] does not exist. Set REVERB_APP_ID, REVERB_APP_KEY and REVERB_APP_SECRET where your environment is.");
        } elseif ($this->environment->addMissing() !== '') {
            $this->warnOfCachedConfiguration();
        }
    }

    protected function warnOfCachedConfiguration(): void
    {
        if ($this->laravel->configurationIsCached()) {
            $this->components->warn('The configuration is cached. Run [php artisan config:cache] to refresh it.');
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
    protected function addConnection(Filesystem $files, Repository $config): void
    {
        $path = $this->laravel->configPath('broadcasting.php');

        if ($config->get('broadcasting.connections.reverb') !== null || $files->missing($path)) {
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
            $this->components->warn("No connections found in [{$path}]. Please add the [reverb] connection manually.");

            return;
        }

        $files->put($path, $changed);
    }

    /* --- webhooks ----------------------------------------------------------------------------- */

    protected function addWebhooks(Filesystem $files): void
    {
        $path = $this->laravel->basePath('routes/web.php');
        $text = $files->exists($path) ? $files->get($path) : "<?php\n\nuse Illuminate\\Support\\Facades\\Route;\n";

        if (! str_contains($text, 'reverbWebhooks')) {
            $files->put($path, rtrim($text)."\n\nIlluminate\\Support\\Facades\\Route::reverbWebhooks();\n");
        }

        if ($this->environment->exists() && $this->environment->addWebhookUrl()) {
            $this->warnOfCachedConfiguration();
        }
    }

    /* --- broadcasting ------------------------------------------------------------------------- */

    /**
     * If there is no routes/channels.php, broadcasting is not enabled yet.
     */
    protected function enableBroadcasting(Filesystem $files): void
    {
        if ($files->exists($this->laravel->basePath('routes/channels.php'))) {
            return;
        }

        if (! confirm('Would you like to enable event broadcasting?', hint: 'php artisan install:broadcasting')) {
            return;
        }

        $before = $this->environment->read();
        $definition = $this->getApplication()->find('install:broadcasting')->getDefinition();

        // Without a driver it would ask, and fail if it cannot; npm is left to the user.
        $this->call('install:broadcasting', array_filter([
            '--no-interaction' => true,
            '--without-node' => $definition->hasOption('without-node'),
            '--reverb' => $definition->hasOption('reverb'),
        ]));

        // It has set the driver: restore the file, as that question is asked here.
        if ($before !== '') {
            $this->environment->write($before);
        }
    }

    protected function chooseDriver(): void
    {
        if ($this->environment->exists()) {
            $this->environment->chooseDriver();
            $this->warnOfCachedConfiguration();
        }
    }
}
