"""What the service counts and times, for Prometheus. Durations are in seconds."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)


class Metrics:
    """One set for one application, so that two of them in a process, as in tests, do not mix."""

    def __init__(self) -> None:
        disable_created_metrics()  # A second series for each, that nobody asks for.
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.requests = Counter(
            "http_requests", "Requests that were answered.", ["method", "route", "status"], registry=self.registry
        )
        self.request_duration = Histogram(
            "http_request_duration_seconds",
            "From the first byte of a request to the last of its answer.",
            ["method", "route"],
            buckets=FAST,
            registry=self.registry,
        )
        self.statement_duration = Histogram(
            "db_statement_duration_seconds",
            "How long the database took for a statement.",
            ["operation"],
            buckets=FAST,
            registry=self.registry,
        )
        self.pool_connections = Gauge(
            "db_pool_connections", "Connections to the database.", ["state"], registry=self.registry
        )
        self.cache_requests = Counter(
            "cache_requests",
            "Calls of cached functions, by what the cache had to say: hit, miss or unavailable.",
            ["function", "result"],
            registry=self.registry,
        )

        self.outbox_events = Gauge(
            "outbox_events", "Events that wait to be published, up to the size of a batch.", registry=self.registry
        )
        self.events_published = Counter(
            "events_published", "Events that the broker has confirmed.", ["type"], registry=self.registry
        )
        self.events_consumed = Counter(
            "events_consumed",
            "Messages that were done with: handled, duplicate, ignored or parked.",
            ["type", "result"],
            registry=self.registry,
        )
        self.event_lag = Histogram(
            "event_lag_seconds",
            "From when something happened until it was handled here.",
            buckets=SLOW,
            registry=self.registry,
        )

    def render(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self.registry)
