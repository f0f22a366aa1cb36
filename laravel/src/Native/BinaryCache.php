<?php

namespace Laravel\Reverb\Native;

use Illuminate\Contracts\Config\Repository;
use Illuminate\Contracts\Foundation\Application;
use Laravel\Reverb\Exceptions\BinaryMissing;

/**
 * Servers that were downloaded or built, by platform: outside vendor/, so that deploys and
 * `composer update` keep them.
 */
class BinaryCache
{
    public function __construct(protected Application $app, protected Repository $config)
    {
        //
    }

    public function path(): string
    {
        return $this->folder().'/'.Binary::version().'-'.Platform::nameWithLibrary().'/reverb';
    }

    /**
     * A file that may be left unfinished, for the next attempt to continue.
     */
    public function partial(string $name): string
    {
        $this->prepare($this->folder());

        return $this->folder()."/{$name}.part";
    }

    /**
     * Stores a copy; processes that run the previous one keep it.
     */
    public function store(string $program): string
    {
        $path = $this->path();
        $new = "{$path}.".getmypid();

        $this->prepare(dirname($path));

        if (! @copy($program, $new) || ! chmod($new, 0755) || ! rename($new, $path)) {
            throw new BinaryMissing("[{$path}] cannot be written.");
        }

        return $path;
    }

    protected function folder(): string
    {
        return $this->config->get('reverb.cache') ?: $this->app->storagePath('framework/reverb');
    }

    protected function prepare(string $folder): void
    {
        if (! is_dir($folder) && ! @mkdir($folder, 0755, true) && ! is_dir($folder)) {
            throw new BinaryMissing("[{$folder}] cannot be written. Make it writable, or set REVERB_CACHE to a folder that is.");
        }

        if (! is_file($this->folder().'/.gitignore')) {
            @file_put_contents($this->folder().'/.gitignore', "*\n");
        }
    }
}
