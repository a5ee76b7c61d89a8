"""What an operator's monitoring reads: calls, times, refusals by code; counts only."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class Metrics:
    """The meters of one process; with several workers the readings of all are added up."""

    def __init__(self, *, several_processes: bool = False) -> None:
        self.several_processes = several_processes
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "hub_requests", "Calls by address and status", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "hub_request_seconds", "Time to answer", ["route"], buckets=SECONDS, registry=self.registry
        )
        self.problems = Counter("hub_problems", "Refusals and faults by code", ["code"], registry=self.registry)
        self.log_size = Gauge("hub_log_size", "Entries in the log", registry=self.registry, multiprocess_mode="max")

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """One call was answered."""
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """The readings in the Prometheus text format."""
        if not self.several_processes:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
