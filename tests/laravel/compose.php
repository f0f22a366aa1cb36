<?php

/*
 * Writes the composer.json of the application under test.
 *
 *     php compose.php FRAMEWORK-VERSION PACKAGE-FOLDER "LEFT-OUT ..." "EXTRA=PATH ..." [STOCK-PATH] >composer.json
 *
 * What is left out is declared as replaced, for which skeleton/stubs.php stands in; an extra package
 * comes from a folder, or from wherever Composer finds it where the path is empty. With a last argument
 * the application has laravel/reverb and nothing of this package: from that folder, or, where it is
 * empty, from wherever Composer finds it.
 */

[, $framework, $package, $leftOut, $extras] = $argv;
$stock = $argv[5] ?? null;

$split = fn (string $words) => preg_split('/\s+/', $words, -1, PREG_SPLIT_NO_EMPTY);

// A folder that is not a clone has no version by itself.
$versions = [
    'laravel/pulse' => '1.99.0',
    'laravel/reverb' => '1.10.2',
    'livewire/livewire' => '3.99.0',
    'clue/redis-protocol' => '0.3.99',
    'clue/redis-react' => '2.99.0',
    'ratchet/rfc6455' => '0.4.99',
    'react/promise-timer' => '1.99.0',
    'reverb-native/reverb' => 'dev-main',
];
// Pulse looks for Livewire's script beside its own folder: it must stand in vendor.
$path = fn (string $url, bool $symlink = false) => [
    'type' => 'path',
    'url' => $url,
    'options' => ['symlink' => $symlink, 'versions' => $versions],
];

$require = [
    'php' => '^8.2',
    'laravel/framework' => "^{$framework}.0",
    'larastan/larastan' => '^3.0',
    'laravel/pint' => '^1.0',
    'phpunit/phpunit' => '^10.5|^11.0',
];
$repositories = [];

foreach ($split($extras) as $extra) {
    [$name, $folder] = explode('=', $extra, 2);
    $require[$name] = '*@dev';

    if ($folder !== '') {
        $repositories[] = $path($folder);
    }
}

if ($stock === null) {
    $require['reverb-native/reverb'] = '*@dev';
    array_unshift($repositories, $path($package, symlink: true));
} else {
    $require['laravel/reverb'] = '^1.0';

    if ($stock !== '') {
        $repositories[] = $path($stock);
        // Beside it may stand what it needs itself.
        $repositories[] = $path(dirname($stock).'/{rfc6455,redis-*,promise-timer}');
    }
}

$php = getenv('PLATFORM_PHP');
$platform = $php ? ['platform' => ['php' => $php], 'platform-check' => false] : [];
$stubs = $split($leftOut) === [] ? [] : ['files' => ['stubs.php']];

echo json_encode(array_filter([
    'name' => 'reverb-native/application',
    'type' => 'project',
    'license' => 'MIT',
    'repositories' => $repositories,
    'require' => $require,
    'replace' => array_fill_keys($split($leftOut), '99.0'),
    'autoload' => ['psr-4' => ['App\\' => 'app/'], ...$stubs],
    'autoload-dev' => ['psr-4' => ['Laravel\\Reverb\\Tests\\' => "{$package}/laravel/tests/"]],
    'config' => ['lock' => $stock !== null, 'allow-plugins' => false, ...$platform],
    'minimum-stability' => 'stable',
]), JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES), "\n";
