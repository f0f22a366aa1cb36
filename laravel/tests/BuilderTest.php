<?php

namespace Laravel\Reverb\Tests;

use Laravel\Reverb\Exceptions\BinaryMissing;
use Laravel\Reverb\Native\Binary;
use Laravel\Reverb\Native\Builder;

class BuilderTest extends TestCase
{
    protected function package(string $makefile, string $check = 'exit 0'): string
    {
        $folder = $this->folder();
        mkdir("{$folder}/tools");
        file_put_contents("{$folder}/tools/check-dependencies", "{$check}\n");
        file_put_contents("{$folder}/Makefile", $makefile);

        return $folder;
    }

    public function test_progress_is_told_by_files(): void
    {
        $folder = $this->package("build:\n\t: cc -c -o a.o a.c\n\t: cc -c -o b.o b.c\n\ttouch build/reverb\n.PHONY: build\n");
        $told = [];
        $path = (new Builder($folder))->build(function (int $done, int $total) use (&$told) {
            $told[] = [$done, $total];
        });

        $this->assertSame("{$folder}/build/reverb", $path);
        $this->assertFileExists($path);
        $this->assertSame([2, 2], end($told));
    }

    public function test_what_the_build_lacks_is_told_as_it_is_found(): void
    {
        $this->expectException(BinaryMissing::class);
        $this->expectExceptionMessage('sudo apt-get install libuv1-dev');

        (new Builder($this->package('', 'echo "sudo apt-get install libuv1-dev" >&2; exit 1')))->build();
    }

    public function test_a_build_that_fails_shows_why(): void
    {
        $this->expectException(BinaryMissing::class);
        $this->expectExceptionMessage('a.c:1: error');

        (new Builder($this->package("build:\n\t@echo a.c:1: error >&2; exit 1\n.PHONY: build\n")))->build();
    }

    public function test_the_configured_binary_is_taken(): void
    {
        $path = $this->folder().'/reverb';
        file_put_contents($path, "#!/bin/sh\necho reverb ".Binary::version());
        chmod($path, 0755);
        $this->app->make('config')->set('reverb.binary', $path);

        $this->assertSame($path, $this->app->make(Binary::class)->find());
    }

    public function test_another_program_of_that_name_on_the_path_is_not_taken(): void
    {
        $folder = $this->folder();
        file_put_contents("{$folder}/reverb", "#!/bin/sh\necho 'reverb, an audio effect'\n");
        chmod("{$folder}/reverb", 0755);
        $path = getenv('PATH');
        $configured = getenv('REVERB_BINARY');
        putenv('REVERB_BINARY');
        putenv("PATH={$folder}:{$path}");
        $this->app->make('config')->set('reverb.binary', null);

        try {
            $this->assertNotSame("{$folder}/reverb", $this->app->make(Binary::class)->find());
        } finally {
            putenv("PATH={$path}");
            putenv("REVERB_BINARY={$configured}");
        }
    }
}
