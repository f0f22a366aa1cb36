{{-- Both cards have it; whichever comes second says the same once more. --}}
<script>
    Alpine.data('reverbGraph', ({ app, series, data, rate, event }) => {
        // Not properties: Alpine would wrap the chart, and write what is new into somebody else's scope.
        let chart
        let forget

        const lines = (from) => {
            const readings = ({ from: field, type }) => from[field][app][type]

            return {
                labels: Object.keys(readings(series[0])),
                datasets: series.map((line) => ({
                    label: line.label,
                    borderColor: line.color,
                    backgroundColor: line.color,
                    data: Object.values(readings(line)).map((value) => value === null ? null : value / rate),
                })),
            }
        }

        // A value between nulls has no line to be seen by.
        const radius = ({ dataset: { data }, dataIndex: i }) => data[i - 1] == null && data[i + 1] == null ? 1.5 : 0

        const update = (news) => {
            if (series.every(({ from, type }) => news[from]?.[app]?.[type] !== undefined)) {
                chart.data = lines(news)
                chart.update()
            }
        }

        return {
            init() {
                chart = new Chart(this.$refs.canvas, {
                    type: 'line',
                    data: lines(data),
                    options: {
                        maintainAspectRatio: false,
                        datasets: { line: { borderWidth: 2, pointRadius: radius, pointHitRadius: 10, tension: 0.2 } },
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
                forget = Livewire.on(event, update)
            },
            destroy() {
                forget?.()
                chart?.destroy()
            },
        }
    })
</script>
