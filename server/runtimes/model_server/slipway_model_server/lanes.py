"""Where a request is answered: in a worker thread, or at once in the event loop.

Handing a request to a thread costs a small model a third of its throughput (scikit-learn's LogisticRegression on
one row with 8 clients: about 1 700 requests/s through threads, 2 400 at once). But whatever runs in the loop
holds up everything else, health checks included. So only these go there: small requests to models whose time
depends on their size alone, not on code of the user's own, and only while every one of the last was quick.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Callable

from slipway_model_server.exchange import Answer

PREDICTABLE = ("mlflow_sklearn", "mlflow_xgboost", "mlflow_lightgbm", "mlflow_catboost")
SMALL_BYTES = 16 * 1024
QUICK_SECONDS = 0.005
QUICK_IN_A_ROW = 20


class Lanes:
    def __init__(self, platform: str, threads: int):
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="predict")
        self._predictable = platform in PREDICTABLE
        self._quick = 0

    async def answer(self, work: Callable[[bytes], Answer], body: bytes) -> Answer:
        small = self._predictable and len(body) <= SMALL_BYTES
        if small and self._quick >= QUICK_IN_A_ROW:
            return self._timed(work, body)
        if small:
            return await self.aside(self._timed, work, body)
        return await self.aside(work, body)

    async def aside(self, work: Callable, *arguments):
        return await asyncio.get_running_loop().run_in_executor(self.pool, work, *arguments)

    def _timed(self, work: Callable[[bytes], Answer], body: bytes) -> Answer:
        start = perf_counter()
        answer = work(body)
        self._quick = self._quick + 1 if perf_counter() - start < QUICK_SECONDS else 0
        return answer
