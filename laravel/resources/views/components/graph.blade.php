{{-- One app's lines. `series` says of each its label, its color and where its readings are; `data` holds
     them as the update event does. --}}
@props(['app', 'series', 'data', 'highest', 'rate', 'event'])
<div wire:key="reverb-{{ $event }}-{{ $app }}">
    <h3 class="font-bold text-gray-700 dark:text-gray-300">{{ $app }}</h3>
    <div class="relative mt-3">
        <div class="absolute -left-px -top-2 z-10 flex h-4 max-w-fit items-center rounded bg-purple-500 px-1 text-xs font-bold leading-none text-white">
            @if ($rate < 1)
                <span title="Sample rate: {{ $rate }}, raw value: {{ number_format($highest) }}">~{{ number_format($highest / $rate) }}</span>
            @else
                {{ number_format($highest) }}
            @endif
        </div>
        <div
            wire:ignore
            class="h-14"
            x-data="reverbGraph({{ Illuminate\Support\Js::from(['app' => (string) $app, 'series' => $series, 'data' => $data, 'rate' => $rate, 'event' => $event]) }})"
        >
            <canvas x-ref="canvas" class="rounded-md bg-gray-50 shadow-sm ring-1 ring-gray-900/5 dark:bg-gray-800 dark:ring-gray-100/10"></canvas>
        </div>
    </div>
</div>
