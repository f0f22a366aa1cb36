<svg {{ $attributes }} xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.5">
    <circle cx="12" cy="12" r="2.5" />
    <circle cx="12" cy="12" r="6" />
    <circle cx="12" cy="12" r="9.5" />
</svg>
