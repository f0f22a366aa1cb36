@php
    $series = [
        ['label' => 'Sent', 'color' => '#9333ea', 'from' => 'messages', 'type' => 'reverb_message:sent'],
        ['label' => "Sent per {$unit}", 'color' => '#bc81f1', 'from' => 'messagesRate', 'type' => 'reverb_message:sent'],
        ['label' => 'Received', 'color' => '#10b981', 'from' => 'messages', 'type' => 'reverb_message:received'],
        ['label' => "Received per {$unit}", 'color' => '#78d7b3', 'from' => 'messagesRate', 'type' => 'reverb_message:received'],
    ];
@endphp
<x-pulse::card :cols="$cols" :rows="$rows" :class="$class">
    <x-pulse::card-header
        name="Reverb Messages"
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
        @if ($messages->isEmpty())
            <x-pulse::no-results />
        @else
            <div class="mx-px mb-px grid gap-3">
                @foreach ($messages as $app => $readings)
                    <x-reverb::graph
                        :$app
                        :$series
                        :data="['messages' => [$app => $readings], 'messagesRate' => [$app => $messagesRate[$app]]]"
                        :highest="(float) $readings->flatten()->max()"
                        :rate="$config['sample_rate']"
                        event="reverb-messages-chart-update"
                    />
                @endforeach
            </div>
        @endif
    </x-pulse::scroll>
</x-pulse::card>

@script
@include('reverb::livewire.graph-script')
@endscript
