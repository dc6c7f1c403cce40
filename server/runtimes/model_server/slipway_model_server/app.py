"""The routes. What may take long happens in worker threads (lanes.py): a health check is never held up."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from slipway_model_server import examples, jsons, smoke, v2
from slipway_model_server.exchange import Answer, Exchange
from slipway_model_server.lanes import Lanes
from slipway_model_server.loading import LoadedModel
from slipway_model_server.metrics import Metrics
from slipway_model_server.problems import Problem


DISCARD_SECONDS = 5


@dataclass(frozen=True)
class Limits:
    body_bytes: int
    threads: int
    pending: int  # requests that may wait for a thread before new ones are turned away


def build(model: LoadedModel, limits: Limits) -> Starlette:
    server = ModelServer(model, limits)
    m, v = "/v2/models/{model}", "/v2/models/{model}/versions/{version}"
    routes = [
        # Inference first: routes are tried in this order.
        Route("/v1/models/{model}:predict", server.v1_predict, methods=["POST"]),
        Route(m + "/infer", server.v2_infer, methods=["POST"]),
        Route(v + "/infer", server.v2_infer, methods=["POST"]),
        Route("/v1/models/{model}/versions/{version}:predict", server.v1_predict, methods=["POST"]),
        # V1
        Route("/v1/models", server.v1_models),
        Route("/v1/models/{model}", server.v1_model),
        Route("/v1/models/{model}/versions/{version}", server.v1_model),
        # V2
        Route("/v2", server.v2_server),
        Route("/v2/health/live", server.v2_live),
        Route("/v2/health/ready", server.v2_ready),
        Route(m, server.v2_model),
        Route(v, server.v2_model),
        Route(m + "/ready", server.v2_model_ready),
        Route(v + "/ready", server.v2_model_ready),
        # Ours, not for the gateway
        Route("/healthz", server.healthz),
        Route("/metrics", server.metrics_text),
        Route("/slipway/example", server.example),
        Route("/slipway/smoke", server.smoke),
    ]
    return Starlette(
        routes=routes,
        exception_handlers={Problem: _problem, HTTPException: _not_found, ClientDisconnect: _gone, Exception: _failed},
    )


class ModelServer:
    def __init__(self, model: LoadedModel, limits: Limits):
        self.model = model
        self.limits = limits
        self.metrics = Metrics(model.name)
        self.exchange = Exchange(model, self.metrics)
        self.lanes = Lanes(model.platform, limits.threads)
        self.pending = 0

    async def v1_predict(self, request: Request) -> Response:
        return await self._infer(request, "v1", self.exchange.v1)

    async def v2_infer(self, request: Request) -> Response:
        return await self._infer(request, "v2", self.exchange.v2)

    async def _infer(self, request: Request, protocol: str, answer: Callable[[bytes], Answer]) -> Response:
        self.metrics.in_flight.inc()
        self.pending += 1
        try:
            self._check_name(request)
            if self.pending > self.limits.pending:
                raise Problem(503, f"{self.limits.pending} requests are waiting already: try again in a second")
            body = await self._body(request)
            result = await self.lanes.answer(answer, body)
        except Problem as problem:
            self.metrics.count(protocol, problem.status)
            raise
        finally:
            self.pending -= 1
            self.metrics.in_flight.dec()
        return Response(result.body, result.status, media_type="application/json")

    async def _body(self, request: Request) -> bytes:
        limit = self.limits.body_bytes
        if request.headers.get("content-encoding", "identity") != "identity":
            raise Problem(415, "the body is compressed, which this server does not take: send plain JSON")
        if "inference-header-content-length" in request.headers:
            raise Problem(415, "the body holds binary tensors, which this server does not take: send plain JSON")
        length = request.headers.get("content-length", "")
        too_large = length.isdigit() and int(length) > limit
        if too_large and "expect" in request.headers:
            raise _too_large(limit)  # it asked before sending
        chunks, size = [], 0
        # A client that is still sending would see a broken connection, not our answer: so what is too much is
        # read and thrown away, for a while.
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as patience:
                async for chunk in request.stream():
                    size += len(chunk)
                    too_large = too_large or size > limit
                    if not too_large:
                        chunks.append(chunk)
                        continue
                    chunks.clear()
                    if patience.when() is None:
                        patience.reschedule(asyncio.get_running_loop().time() + DISCARD_SECONDS)
                    if size > 4 * limit:
                        break
        if too_large:
            raise _too_large(limit)
        return b"".join(chunks)

    def _check_name(self, request: Request) -> None:
        name, version = request.path_params["model"], request.path_params.get("version")
        if name != self.model.name:
            raise Problem(404, f"no model '{name}' is served here, only '{self.model.name}'")
        if version is not None and version != self.model.version:
            raise Problem(404, f"version {version} of '{name}' is not served here, only version {self.model.version}")

    async def v1_models(self, _: Request) -> Response:
        return _json({"models": [self.model.name]})

    async def v1_model(self, request: Request) -> Response:
        """KServe's answer and TensorFlow Serving's in one."""
        if request.url.path.endswith(":predict"):
            raise HTTPException(405, headers={"Allow": "POST"})
        self._check_name(request)
        status = {"error_code": "OK", "error_message": ""}
        return _json(
            {
                "name": self.model.name,
                "ready": True,
                "model_version_status": [{"version": self.model.version, "state": "AVAILABLE", "status": status}],
            }
        )

    async def v2_server(self, _: Request) -> Response:
        return _json({"name": "slipway-model-server", "version": _own_version(), "extensions": []})

    async def v2_live(self, _: Request) -> Response:
        return _json({"live": True})

    async def v2_ready(self, _: Request) -> Response:
        return _json({"ready": True})

    async def v2_model(self, request: Request) -> Response:
        self._check_name(request)
        return _json(v2.metadata(self.model))

    async def v2_model_ready(self, request: Request) -> Response:
        self._check_name(request)
        return _json({"name": self.model.name, "ready": True})

    async def healthz(self, _: Request) -> Response:
        return _json({"status": "ok", "model": self.model.name, "version": self.model.version})

    async def metrics_text(self, _: Request) -> Response:
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def example(self, _: Request) -> Response:
        example = await self.lanes.aside(examples.of, self.model)
        signature = self.model.signature
        described = {
            "inputs": signature.inputs.described(),
            "outputs": signature.outputs.described(),
            "params": [{"name": p.name, "type": p.type, "default": p.default} for p in signature.parameters],
        }
        return _json(
            {
                "v1": example.v1,
                "v2": example.v2,
                "signature": described,
                "source": example.source,
                "detail": example.detail,
            }
        )

    async def smoke(self, _: Request) -> Response:
        return _json(await self.lanes.aside(smoke.test, self.model))


def _json(value) -> Response:
    return Response(jsons.write(value), media_type="application/json")


def _error(status: int, sentence: str, headers: dict | None = None) -> Response:
    return Response(jsons.write({"error": sentence}), status, headers, media_type="application/json")


def _too_large(limit: int) -> Problem:
    size = f"{limit // 2**20} MiB" if limit >= 2**20 else f"{limit} bytes"
    return Problem(413, f"the body is larger than {size}, the most this server takes: send fewer rows at a time")


async def _problem(_: Request, problem: Problem) -> Response:
    headers = {"retry-after": "1"} if problem.status == 503 else {}
    if problem.status == 413:
        headers["connection"] = "close"  # some of the body may be left unread
    return _error(problem.status, problem.sentence, headers)


async def _not_found(request: Request, error: HTTPException) -> Response:
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return _error(405, f"{request.method} is not possible here, only {allowed}", dict(error.headers or {}))
    return _error(
        error.status_code,
        f"there is nothing at {request.url.path}: this server answers /v1/models and /v2/models",
    )


async def _gone(_: Request, __: ClientDisconnect) -> Response:
    return _error(400, "the request ended before its body was complete")


async def _failed(_: Request, __: Exception) -> Response:
    """Ours to mend; uvicorn writes the trace to the log."""
    return _error(500, "the model server failed on this request; its log says why")


def _own_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("slipway-model-server")
    except PackageNotFoundError:
        return "embedded"
