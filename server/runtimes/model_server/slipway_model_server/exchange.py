"""One inference request from bytes to bytes, with its timings. lanes.py decides where it runs."""

import logging
from dataclasses import dataclass
from time import perf_counter

from slipway_model_server import inputs, jsons, v1, v2
from slipway_model_server.loading import LoadedModel
from slipway_model_server.metrics import Metrics
from slipway_model_server.problems import Problem, invalid

log = logging.getLogger("slipway_model_server")


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


class Exchange:
    def __init__(self, model: LoadedModel, metrics: Metrics):
        self.model = model
        self.metrics = metrics

    def v1(self, body: bytes) -> Answer:
        return self._answered("v1", lambda: self._v1(body))

    def v2(self, body: bytes) -> Answer:
        return self._answered("v2", lambda: self._v2(body))

    def _v1(self, body: bytes) -> bytes:
        start = perf_counter()
        question = v1.decode(jsons.read(body), self.model)
        output, predicted = self._predict(question, start)
        written = jsons.write(v1.encode(output, question))
        self.metrics.postprocess.observe(perf_counter() - predicted)
        return written

    def _v2(self, body: bytes) -> bytes:
        start = perf_counter()
        question = v2.decode(jsons.read(body), self.model)
        output, predicted = self._predict(question, start)
        written = jsons.write(v2.encode(output, question, self.model))
        self.metrics.postprocess.observe(perf_counter() - predicted)
        return written

    def _predict(self, question, start: float):
        decoded = perf_counter()
        self.metrics.preprocess.observe(decoded - start)
        try:
            output = self.model.call(question.data, question.parameters)
        except Exception as error:
            raise _model_failed(error, question.data, self.model) from error
        predicted = perf_counter()
        self.metrics.predict.observe(predicted - decoded)
        return output, predicted

    def _answered(self, protocol: str, work) -> Answer:
        try:
            answer = Answer(200, work())
        except Problem as problem:
            if problem.status >= 500:
                log.error("%s: %s", protocol, problem.sentence, exc_info=problem.__cause__ or problem)
            answer = Answer(problem.status, jsons.write({"error": problem.sentence}))
        except Exception:
            log.exception("%s: the request could not be answered", protocol)
            answer = Answer(
                500, jsons.write({"error": "the model server failed on this request; its log says why"})
            )
        self.metrics.count(protocol, answer.status)
        return answer


def _model_failed(error: Exception, data, model: LoadedModel) -> Problem:
    """Whose fault: an input that MLflow refuses or that has holes is the caller's, all else the model's."""
    sentence = _refused_by_mlflow(error)
    if sentence:
        return invalid(sentence)
    missing = inputs.missing_value(data) if isinstance(error, ValueError) else None
    if missing:
        return invalid(f"{missing}, and the model cannot do without: fill it in")
    if model.input_width is not None and isinstance(error, (ValueError, TypeError)):
        # An estimator without signature: nothing was known of its types, so it had to check them itself.
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        return invalid(f"the model refuses this input: {reason}")
    return Problem(
        500, f"the model failed on this input ({type(error).__name__}); its log says where"
    )


def _refused_by_mlflow(error: Exception) -> str | None:
    """Types that MLflow checks itself: arrays, maps, objects, type hints."""
    if type(error).__name__ != "MlflowException" or getattr(error, "error_code", "") not in (
        "INVALID_PARAMETER_VALUE",
        "BAD_REQUEST",
    ):
        return None
    message = str(error)
    reason = message.split("Error: ", 1)[-1].strip().splitlines()
    return f"the input does not fit the model's signature: {reason[0]}" if reason else None
