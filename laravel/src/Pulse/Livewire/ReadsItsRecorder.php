<?php

namespace Laravel\Reverb\Pulse\Livewire;

use Illuminate\Support\Facades\Config;

trait ReadsItsRecorder
{
    /**
     * Its configuration, even if it is not configured any more while its data is still there.
     *
     * @return array<string, mixed>
     */
    protected function recorder(string $class): array
    {
        $config = Config::get("pulse.recorders.{$class}");
        $config = is_array($config) ? $config : [];
        $rate = (float) ($config['sample_rate'] ?? 1);

        return [...$config, 'sample_rate' => $rate > 0 && $rate < 1 ? $rate : 1];
    }
}
