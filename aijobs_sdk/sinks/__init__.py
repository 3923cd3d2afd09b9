"""WHO HEARS THE NUMBERS? Listeners for the engine's metrics: in memory, Prometheus, OpenTelemetry; one file each."""
