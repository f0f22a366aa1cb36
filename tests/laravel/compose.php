<?php

/*
 * Writes the composer.json of the application under test.
 *
 *     php compose.php FRAMEWORK-VERSION PACKAGE-FOLDER "LEFT-OUT ..." "EXTRA=PATH ..." >composer.json
 *
 * What is left out is declared as replaced, for which skeleton/stubs.php stands in; an extra package
 * comes from a folder, or from wherever Composer finds it where the path is empty.
 */

[, $framework, $package, $leftOut, $extras] = $argv;

$split = fn (string $words) => preg_split('/\s+/', $words, -1, PREG_SPLIT_NO_EMPTY);
// Pulse looks for Livewire's script beside its own folder: it must stand in vendor.
$path = fn (string $url, string $name) => [
    'type' => 'path',
    'url' => $url,
    'options' => ['symlink' => $name === 'reverb-native/reverb', 'versions' => [$name => ['livewire/livewire' => '3.99.0', 'laravel/pulse' => '1.99.0'][$name] ?? 'dev-main']],
];

$require = [
    'php' => '^8.2',
    'laravel/framework' => "^{$framework}.0",
    'reverb-native/reverb' => '*@dev',
    'laravel/pint' => '^1.0',
    'phpunit/phpunit' => '^10.5|^11.0|^12.0',
];
$repositories = [$path($package, 'reverb-native/reverb')];

foreach ($split($extras) as $extra) {
    [$name, $folder] = explode('=', $extra, 2);
    $require[$name] = '*@dev';

    if ($folder !== '') {
        $repositories[] = $path($folder, $name);
    }
}

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
    'config' => ['lock' => false, 'allow-plugins' => false],
    'minimum-stability' => 'stable',
]), JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES), "\n";
