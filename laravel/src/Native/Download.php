<?php

namespace Laravel\Reverb\Native;

use Illuminate\Http\Client\Factory;
use Laravel\Reverb\Exceptions\DownloadFailed;
use Psr\Http\Message\ResponseInterface;
use RuntimeException;
use Throwable;

/**
 * Downloads files over HTTP. A large one continues where an earlier attempt stopped; proxies are those of
 * the environment (HTTPS_PROXY, NO_PROXY).
 */
class Download
{
    protected const CONNECT_SECONDS = 10;

    protected const SILENCE_SECONDS = 30;

    protected const ATTEMPTS = 3;

    public function __construct(protected Factory $http)
    {
        //
    }

    public function text(string $url): string
    {
        return $this->attempt($url, fn () => (string) $this->http->withOptions($this->options())->get($url)->throw()->body());
    }

    /**
     * Calls `$progress` with the bytes received and, if it is known, their total.
     *
     * @param  callable(int $done, int $total): void  $progress
     */
    public function file(string $url, string $path, callable $progress): void
    {
        for ($attempt = 1; ; $attempt++) {
            $before = $this->size($path);

            try {
                $this->attempt($url, fn () => $this->append($url, $path, $progress));

                return;
            } catch (DownloadFailed $e) {
                if ($attempt === self::ATTEMPTS || $this->size($path) <= $before) {
                    throw $e;
                }
            }
        }
    }

    protected function append(string $url, string $path, callable $progress): void
    {
        $file = fopen($path, 'ab') ?: throw new RuntimeException("[{$path}] cannot be written");
        $start = $this->size($path);
        $status = 0;

        try {
            $this->http->withHeaders($start > 0 ? ['Range' => "bytes={$start}-"] : [])->withOptions([
                ...$this->options(),
                'sink' => $file,
                'on_headers' => function (ResponseInterface $response) use ($file, &$start, &$status) {
                    $status = $response->getStatusCode();

                    if ($status === 200) {
                        ftruncate($file, 0); // the server sends it from its beginning
                        $start = 0;
                    } elseif ($status !== 206) {
                        throw new RuntimeException("HTTP status {$status}");
                    }
                },
                'progress' => function (int|float $total, int|float $done) use (&$start, $progress) {
                    $done > 0 && $progress((int) ($start + $done), (int) ($total > 0 ? $start + $total : 0));
                },
            ])->get($url);
        } catch (Throwable $e) {
            if ($status === 416) {
                return; // all of it is there
            }

            throw $status >= 400 ? new RuntimeException("HTTP status {$status}", previous: $e) : $e;
        } finally {
            is_resource($file) && fclose($file);
        }
    }

    /**
     * @template T
     *
     * @param  callable(): T  $request
     * @return T
     */
    protected function attempt(string $url, callable $request): mixed
    {
        try {
            return $request();
        } catch (Throwable $e) {
            $reason = strtok($e->getMessage(), "\n") ?: $e::class;

            throw new DownloadFailed("[{$url}] cannot be downloaded: ".rtrim($reason, '.:').'.', previous: $e);
        }
    }

    /**
     * @return array<string, mixed>
     */
    protected function options(): array
    {
        return [
            'connect_timeout' => self::CONNECT_SECONDS,
            'read_timeout' => self::SILENCE_SECONDS,
            'timeout' => 0,
            'curl' => defined('CURLOPT_LOW_SPEED_TIME') ? [CURLOPT_LOW_SPEED_LIMIT => 1, CURLOPT_LOW_SPEED_TIME => self::SILENCE_SECONDS] : [],
        ];
    }

    protected function size(string $path): int
    {
        clearstatcache(true, $path);

        return is_file($path) ? (int) filesize($path) : 0;
    }
}
