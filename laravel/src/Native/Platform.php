<?php

namespace Laravel\Reverb\Native;

/**
 * What a program must be built for to run here.
 */
class Platform
{
    /** The machines of ELF (e_machine) that releases exist for, or that people run PHP on. */
    protected const ELF_MACHINES = [3 => 'x86', 40 => 'arm', 62 => 'x86_64', 183 => 'aarch64', 243 => 'riscv64'];

    protected const ELF = "\x7fELF";

    /** Mach-O, of either byte order, and of several machines in one file. */
    protected const MACH_O = ["\xcf\xfa\xed\xfe", "\xfe\xed\xfa\xcf", "\xca\xfe\xba\xbe"];

    public static function system(): string
    {
        return strtolower(PHP_OS_FAMILY);
    }

    public static function machine(): string
    {
        return match ($machine = strtolower(php_uname('m'))) {
            'arm64' => 'aarch64',
            'amd64', 'x64' => 'x86_64',
            default => $machine,
        };
    }

    /**
     * "linux-x86_64", as in the names of releases.
     */
    public static function name(): string
    {
        return self::system().'-'.self::machine();
    }

    /**
     * "linux-x86_64-glibc": a program built here does not run with another C library.
     */
    public static function nameWithLibrary(): string
    {
        return self::name().match (true) {
            self::system() !== 'linux' => '',
            glob('/lib/ld-musl-*') !== [] && ! is_file('/lib64/ld-linux-x86-64.so.2') => '-musl',
            default => '-glibc',
        };
    }

    /**
     * The platform of the program, as far as its first bytes show it.
     */
    public static function of(string $path): ?string
    {
        $head = (string) @file_get_contents($path, length: 20);

        if (in_array(substr($head, 0, 4), self::MACH_O, true)) {
            return 'darwin';
        }

        if (strlen($head) < 20 || ! str_starts_with($head, self::ELF)) {
            return null;
        }

        ['machine' => $machine] = (array) unpack($head[5] === "\x02" ? 'nmachine' : 'vmachine', $head, 18);

        return 'linux-'.(self::ELF_MACHINES[$machine] ?? "machine-{$machine}");
    }
}
