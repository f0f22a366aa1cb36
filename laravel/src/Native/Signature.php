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

    /** The key is the end of a SubjectPublicKeyInfo (RFC 8410). */
    protected const KEY_LENGTH = 32;

    /**
     * @param  string  $key  a file, PEM
     */
    public function __construct(protected string $key)
    {
        //
    }

    /**
     * @param  string  $signature  its 64 bytes, or the same in base64
     */
    public function matches(string $file, string $signature): bool
    {
        if (strlen($signature) !== self::LENGTH) {
            $signature = (string) base64_decode(trim($signature), true);
        }

        return strlen($signature) === self::LENGTH
            && (function_exists('sodium_crypto_sign_verify_detached') ? $this->bySodium($file, $signature) : $this->byOpenSsl($file, $signature));
    }

    protected function bySodium(string $file, string $signature): bool
    {
        $pem = (string) preg_replace('/-----[^-]+-----|\s/', '', (string) @file_get_contents($this->key));
        $key = substr((string) base64_decode($pem, true), -self::KEY_LENGTH);

        if ($signature === '' || strlen($key) !== self::KEY_LENGTH) {
            throw new DownloadFailed("[{$this->key}] is not an Ed25519 public key.");
        }

        return sodium_crypto_sign_verify_detached($signature, (string) file_get_contents($file), $key);
    }

    protected function byOpenSsl(string $file, string $signature): bool
    {
        $openSsl = (new ExecutableFinder)->find('openssl')
            ?? throw new DownloadFailed("The signature cannot be checked. Install PHP's sodium extension, or openssl.");
        $path = "{$file}.sig";

        file_put_contents($path, $signature);

        try {
            return (new Command([
                $openSsl, 'pkeyutl', '-verify', '-pubin', '-inkey', $this->key, '-rawin', '-in', $file, '-sigfile', $path,
            ]))->run() === 0;
        } finally {
            unlink($path);
        }
    }
}
