@props(['series'])
<div class="flex flex-wrap gap-4">
    @foreach ($series as $line)
        <div class="flex items-center gap-2 text-xs font-medium text-gray-600 dark:text-gray-400">
            <span class="h-0.5 w-3 rounded-full" style="background-color: {{ $line['color'] }}"></span>
            {{ $line['label'] }}
        </div>
    @endforeach
</div>
