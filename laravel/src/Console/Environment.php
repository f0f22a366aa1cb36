<?php

namespace Laravel\Reverb\Console;

use Illuminate\Contracts\Foundation\Application;
use Illuminate\Filesystem\Filesystem;
use Illuminate\Support\Str;

/**
 * The application's `.env`, as far as Reverb is concerned.
 */
class Environment
{
    public function __construct(protected Application $app, protected Filesystem $files)
    {
        //
    }

    public function path(): string
    {
        return $this->app->environmentFilePath();
    }

    public function exists(): bool
    {
        return $this->files->exists($this->path());
    }

    public function read(): string
    {
        return $this->exists() ? $this->files->get($this->path()) : '';
    }

    public function write(string $text): void
    {
        $this->files->put($this->path(), $text);
    }

    /**
     * Adds the variables that are not set. Returns what was added.
     */
    public function addMissing(): string
    {
        if (! $this->exists()) {
            return '';
        }

        $text = $this->read();
        $blocks = array_filter([
            $this->missing($text, [
                'REVERB_APP_ID' => random_int(100_000, 999_999),
                'REVERB_APP_KEY' => Str::lower(Str::random(20)),
                'REVERB_APP_SECRET' => Str::lower(Str::random(20)),
                'REVERB_HOST' => '"localhost"',
                'REVERB_PORT' => 8080,
                'REVERB_SCHEME' => 'http',
            ]),
            $this->missing($text, [
                'VITE_REVERB_APP_KEY' => '"${REVERB_APP_KEY}"',
                'VITE_REVERB_HOST' => '"${REVERB_HOST}"',
                'VITE_REVERB_PORT' => '"${REVERB_PORT}"',
                'VITE_REVERB_SCHEME' => '"${REVERB_SCHEME}"',
            ]),
        ]);

        if ($blocks === []) {
            return '';
        }

        $added = "\n".implode("\n\n", $blocks)."\n";
        $this->write(rtrim($text, "\n")."\n".$added);

        return $added;
    }

    public function remove(string $added): void
    {
        if ($added !== '' && $this->exists()) {
            $this->write(str_replace($added, '', $this->read()));
        }
    }

    public function isDriver(): bool
    {
        return preg_match('/^BROADCAST_CONNECTION=["\']?reverb["\']?\s*$/m', $this->read()) === 1;
    }

    public function chooseDriver(): void
    {
        $text = preg_replace('/^(BROADCAST_(?:DRIVER|CONNECTION)=).*$/m', '${1}reverb', $this->read());

        if (! $this->sets($text, 'BROADCAST_CONNECTION')) {
            $text = rtrim($text, "\n")."\n\nBROADCAST_CONNECTION=reverb\n";
        }

        $this->write($text);
    }

    /**
     * Has the server send its webhooks to this application. False if it sends them somewhere already.
     */
    public function addWebhookUrl(): bool
    {
        $text = $this->read();
        $line = $this->missing($text, ['REVERB_WEBHOOK_URL' => '"${APP_URL}/reverb/webhooks"']);

        if ($line === '') {
            return false;
        }

        $this->write(rtrim($text, "\n")."\n\n{$line}\n");

        return true;
    }

    /**
     * Lines for those of the variables that the file does not set.
     *
     * @param  array<string, int|string>  $variables
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
        return preg_match('/^\s*(export\s+)?'.preg_quote($name, '/').'\s*=/m', $text) === 1;
    }
}
