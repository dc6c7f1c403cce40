"""Does it work? The model's own input example goes the way that a V1 request goes."""

from time import perf_counter

import orjson

from slipway_model_server import examples, jsons
from slipway_model_server.exchange import Exchange
from slipway_model_server.loading import LoadedModel
from slipway_model_server.metrics import Metrics

PREVIEW = 500


def test(model: LoadedModel) -> dict:
    """Counted in metrics of its own, so that it does not show up as traffic."""
    example = examples.of(model)
    if not example.own:
        detail = f"loaded in {model.load_seconds:.1f} s, but not tried: the model was logged without an input example"
        return _result(False, True, None, None, detail)
    exchange = Exchange(model, Metrics(model.name))
    body = jsons.write(example.v1)
    started = perf_counter()
    answer = exchange.v1(body)
    latency = (perf_counter() - started) * 1000
    said = orjson.loads(answer.body)
    if answer.status != 200:
        return _result(True, False, latency, None, f"the model's own input example fails: {said['error']}")
    preview = jsons.write(said.get("predictions", said.get("outputs"))).decode()
    if len(preview) > PREVIEW:
        preview = preview[: PREVIEW - 1] + "…"
    return _result(True, True, latency, preview, f"the model's own input example was answered in {latency:.1f} ms")


def not_loaded(reason: str) -> dict:
    return {**_result(False, False, None, None, reason), "loaded": False}


def _result(example: bool, ok: bool, latency: float | None, preview: str | None, detail: str) -> dict:
    return {
        "loaded": True,
        "ok": ok,
        "example": example,
        "latency_ms": None if latency is None else round(latency, 3),
        "output_preview": preview,
        "detail": detail,
    }
