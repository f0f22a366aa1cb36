<?php

namespace Laravel\Reverb\Native;

use Laravel\Reverb\Exceptions\DownloadFailed;
use Symfony\Component\Process\ExecutableFinder;
use Symfony\Component\Process\Process as Command;

/**
 * The Ed25519 signature of a file, by PHP's sodium or, if PHP lacks it, by the program openssl.
 */
class Signature
{
    protected const LENGTH = 64;

    /** What stands before the key in a SubjectPublicKeyInfo (RFC 8410). */
    protected const PREFIX = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

    protected const KEY_LENGTH = 32;

    /**
     * @param  string  $file  of the key, PEM
     */
    public function __construct(protected string $file)
    {
        //
    }

    /**
     * Whether the file has a key in it; a placeholder has none.
     */
    public function hasKey(): bool
    {
        return $this->key() !== null;
    }

    /**
     * @param  string  $signature  its 64 bytes, or the same in base64
     */
    public function matches(string $file, string $signature): bool
    {
        if (strlen($signature) !== self::LENGTH) {
            $signature = (string) base64_decode(trim($signature), true);
        }

        return $this->hasKey() && strlen($signature) === self::LENGTH
            && (function_exists('sodium_crypto_sign_verify_detached') ? $this->bySodium($file, $signature) : $this->byOpenSsl($file, $signature));
    }

    protected function bySodium(string $file, string $signature): bool
    {
        $key = (string) $this->key();

        return $signature !== '' && $key !== '' && sodium_crypto_sign_verify_detached($signature, (string) file_get_contents($file), $key);
    }

    protected function key(): ?string
    {
        $pem = (string) @file_get_contents($this->file);
        $key = preg_match('/-----BEGIN PUBLIC KEY-----(.+)-----END PUBLIC KEY-----/s', $pem, $match) === 1 ? (string) base64_decode($match[1], true) : '';

        return str_starts_with($key, self::PREFIX) && strlen($key) === strlen(self::PREFIX) + self::KEY_LENGTH
            ? substr($key, strlen(self::PREFIX))
            : null;
    }

    protected function byOpenSsl(string $file, string $signature): bool
    {
        $openSsl = (new ExecutableFinder)->find('openssl')
            ?? throw new DownloadFailed("The signature cannot be checked. Install PHP's sodium extension, or openssl.");
        $path = "{$file}.sig";

        file_put_contents($path, $signature);

        try {
            return (new Command([
                $openSsl, 'pkeyutl', '-verify', '-pubin', '-inkey', $this->file, '-rawin', '-in', $file, '-sigfile', $path,
            ]))->run() === 0;
        } finally {
            unlink($path);
        }
    }
}
