"""What Prometheus reads. The three timings carry the names that KServe's servers use."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

disable_created_metrics()

BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    def __init__(self, model_name: str):
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.preprocess = self._histogram("request_preprocess_seconds", "Reading and casting the input", model_name)
        self.predict = self._histogram("request_predict_seconds", "The model's own prediction", model_name)
        self.postprocess = self._histogram("request_postprocess_seconds", "Writing the answer", model_name)
        self.in_flight = self._gauge("slipway_model_requests_in_flight", "Requests being answered", model_name)
        self._requests = Counter(
            "slipway_model_requests",
            "Inference requests answered",
            ["model_name", "protocol", "status"],
            registry=self.registry,
        )
        self._model_name = model_name
        self._children: dict = {}

    def count(self, protocol: str, status: int) -> None:
        child = self._children.get((protocol, status))
        if child is None:
            child = self._requests.labels(self._model_name, protocol, str(status))
            self._children[protocol, status] = child
        child.inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)

    def _histogram(self, name: str, text: str, model_name: str):
        return Histogram(name, text, ["model_name"], buckets=BUCKETS, registry=self.registry).labels(model_name)

    def _gauge(self, name: str, text: str, model_name: str):
        return Gauge(name, text, ["model_name"], registry=self.registry).labels(model_name)
