<?php

namespace Laravel\Reverb;

/**
 * The certificates that Herd and Valet make for local sites.
 */
class Certificate
{
    /**
     * Whether there is one for the host of that URL.
     */
    public static function exists(string $url): bool
    {
        return static::resolve($url) !== null;
    }

    /**
     * Certificate and key for the host of a URL, or for a host.
     *
     * @return array{0: string, 1: string}|null
     */
    public static function resolve(string $url): ?array
    {
        $host = parse_url(str_contains($url, '://') ? $url : "//{$url}", PHP_URL_HOST);

        if (! is_string($host) || $host === '') {
            return null;
        }

        foreach (static::paths() as $path) {
            $files = ["{$path}{$host}.crt", "{$path}{$host}.key"];

            if (is_file($files[0]) && is_file($files[1])) {
                return $files;
            }
        }

        return null;
    }

    /**
     * The folders in the order in which they are searched, each with a separator at the end.
     *
     * @return array<int, string>
     */
    public static function paths(): array
    {
        return [static::herdPath(), static::valetPath()];
    }

    public static function herdPath(): string
    {
        return PHP_OS_FAMILY === 'Windows'
            ? getenv('USERPROFILE').'\\.config\\herd\\config\\valet\\Certificates\\'
            : getenv('HOME').'/Library/Application Support/Herd/config/valet/Certificates/';
    }

    public static function valetPath(): string
    {
        return PHP_OS_FAMILY === 'Windows'
            ? getenv('USERPROFILE').'\\.config\\valet\\Certificates\\'
            : getenv('HOME').'/.config/valet/Certificates/';
    }
}
