{{-- Both cards have it; whichever comes second says the same once more. --}}
<script>
    Alpine.data('reverbGraph', ({ app, series, data, rate, event }) => ({
        init() {
            const chart = new Chart(this.$refs.canvas, {
                type: 'line',
                data: this.lines(data),
                options: {
                    maintainAspectRatio: false,
                    events: ['mousemove', 'mouseout'],
                    datasets: { line: { borderWidth: 2, pointStyle: false, pointHitRadius: 10, tension: 0.2 } },
                    scales: { x: { display: false }, y: { display: false, beginAtZero: true } },
                    plugins: {
                        legend: { display: false },
                        tooltip: {
                            mode: 'index',
                            intersect: false,
                            displayColors: false,
                            callbacks: { label: (item) => `${item.dataset.label}: ${rate < 1 ? '~' : ''}${item.formattedValue}` },
                        },
                    },
                },
            })
            const forget = Livewire.on(event, (update) => {
                if (series.some(({ from, type }) => update[from]?.[app]?.[type] === undefined)) {
                    return
                }
                chart.data = this.lines(update)
                chart.update()
            })

            this.destroy = () => {
                forget()
                chart.destroy()
            }
        },
        lines(from) {
            const readings = (line) => from[line.from][app][line.type]

            return {
                labels: Object.keys(readings(series[0])),
                datasets: series.map((line) => ({
                    label: line.label,
                    borderColor: line.color,
                    data: Object.values(readings(line)).map((value) => value === null ? null : value / rate),
                })),
            }
        },
    }))
</script>
