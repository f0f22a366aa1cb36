@php
    $series = [
        ['label' => 'Peak', 'color' => '#9333ea', 'from' => 'connections', 'type' => 'reverb_connections:max'],
        ['label' => 'Average', 'color' => '#10b981', 'from' => 'connections', 'type' => 'reverb_connections:avg'],
    ];
@endphp
<x-pulse::card :cols="$cols" :rows="$rows" :class="$class">
    <x-pulse::card-header
        name="Reverb Connections"
        title="Time: {{ number_format($time) }}ms; Run at: {{ $runAt }};"
        details="past {{ $this->periodForHumans() }}"
    >
        <x-slot:icon>
            <x-reverb::icons.reverb />
        </x-slot:icon>
        <x-slot:actions>
            <x-reverb::legend :$series />
        </x-slot:actions>
    </x-pulse::card-header>

    <x-pulse::scroll :expand="$expand" wire:poll.5s="">
        @if ($connections->isEmpty())
            <x-pulse::no-results />
        @else
            <div class="mx-px mb-px grid gap-3">
                {{-- All connections are asked for, whatever the sample rate. --}}
                @foreach ($connections as $app => $readings)
                    <x-reverb::graph
                        :$app
                        :$series
                        :data="['connections' => [$app => $readings]]"
                        :highest="(float) $readings->flatten()->max()"
                        :rate="1"
                        event="reverb-connections-chart-update"
                    />
                @endforeach
            </div>
        @endif
    </x-pulse::scroll>
</x-pulse::card>

@script
@include('reverb::livewire.graph-script')
@endscript
