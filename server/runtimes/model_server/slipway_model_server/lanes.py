"""Where a request is answered: in a worker thread, or at once in the event loop.

Handing a request to a thread costs a small model some of its throughput. scikit-learn's LogisticRegression, one row,
8 clients, 2 busy cores, three pairs in turn: 1 780 requests/s on average at once, 1 560 through threads, with single
runs from 1 440 to 2 060; on a quiet machine, one run each, 2 430 and 1 690. But whatever runs in the event loop
holds up everything else, health checks included. So only these go there: small requests to models whose time
depends on their size alone, not on code of the user's own, and only while such requests have been quick of late.
A busy machine makes any request slow now and then, so one that is a little slow costs only some of the trust.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Callable

from slipway_model_server.exchange import Answer

PREDICTABLE = ("mlflow_sklearn", "mlflow_xgboost", "mlflow_lightgbm", "mlflow_catboost")
SMALL_BYTES = 16 * 1024
TRUSTED, MOST_TRUST = 20, 40
SLOW_SECONDS, SLOW_COSTS = 0.005, 5
FAR_TOO_SLOW_SECONDS, DISTRUST = 0.1, -1000


class Lanes:
    def __init__(self, platform: str, threads: int):
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="predict")
        self._predictable = platform in PREDICTABLE
        self._trust = 0

    async def answer(self, work: Callable[[bytes], Answer], body: bytes) -> Answer:
        small = self._predictable and len(body) <= SMALL_BYTES
        if small and self._trust >= TRUSTED:
            return self._timed(work, body)
        if small:
            return await self.aside(self._timed, work, body)
        return await self.aside(work, body)

    async def aside(self, work: Callable, *arguments):
        return await asyncio.get_running_loop().run_in_executor(self.pool, work, *arguments)

    def _timed(self, work: Callable[[bytes], Answer], body: bytes) -> Answer:
        start = perf_counter()
        answer = work(body)
        seconds = perf_counter() - start
        if seconds < SLOW_SECONDS:
            self._trust = min(self._trust + 1, MOST_TRUST)
        elif seconds < FAR_TOO_SLOW_SECONDS:
            self._trust = max(self._trust - SLOW_COSTS, min(self._trust, 0))
        else:
            self._trust = DISTRUST
        return answer
