"""The command line.

Exit codes: 0 stopped as asked (or the smoke test passed), 2 wrong arguments, 3 the model cannot be loaded,
4 the address cannot be listened on, 5 the model is loaded but its own input example fails.
The reason of 3, 4 and 5 is the last line on standard error; a trace, where there is one, stands above it.
"""

import argparse
import gc
import logging
import os
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path

from slipway_model_server.problems import CannotLoad

OK, CANNOT_LOAD, CANNOT_LISTEN, SMOKE_FAILED = 0, 3, 4, 5


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    if not given.smoke and given.unix_socket is None and given.port is None:
        parser.error("say where to listen: --unix-socket PATH or --port P")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    warnings.simplefilter("ignore")
    return _smoke(given) if given.smoke else _serve(given)


def _serve(given) -> int:
    from slipway_model_server import app, server
    from slipway_model_server.loading import load

    try:
        # The address first: what cannot be listened on should not cost the loading of a model.
        listener = (
            server.unix_socket(given.unix_socket)
            if given.unix_socket
            else server.tcp_socket(given.host, given.port)
        )
    except server.CannotListen as error:
        return _fail(CANNOT_LISTEN, error)
    try:
        with _nothing_collected():
            model = load(given.model_dir, given.name, given.version)
    except CannotLoad as error:
        if given.unix_socket:
            given.unix_socket.unlink(missing_ok=True)
        return _fail(CANNOT_LOAD, error)
    limits = app.Limits(given.max_body_mib * 2**20, given.threads, given.max_pending)
    server.run(app.build(model, limits), listener, given.grace_seconds)
    # A prediction that outlived the grace would keep the interpreter waiting for its thread.
    logging.shutdown()
    sys.stdout.flush()
    os._exit(OK)


def _smoke(given) -> int:
    """Prints one JSON object. What the model itself prints goes to standard error."""
    result_to = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from slipway_model_server import jsons, smoke
    from slipway_model_server.loading import load

    try:
        with _nothing_collected():
            model = load(given.model_dir, given.name, given.version)
        result = smoke.test(model)
        code = OK if result["ok"] else SMOKE_FAILED
    except CannotLoad as error:
        result, code = smoke.not_loaded(str(error)), CANNOT_LOAD
    print(jsons.write(result).decode(), file=result_to, flush=True)
    return _fail(code, result["detail"]) if code else OK


@contextmanager
def _nothing_collected():
    """What libraries and the model bring stays: looking through it for garbage, again and again, finds nothing and takes time."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def _fail(code: int, reason) -> int:
    print(f"slipway_model_server: {reason}", file=sys.stderr, flush=True)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m slipway_model_server", description="Serves one MLflow model over V1 and V2."
    )
    parser.add_argument("--model-dir", type=Path, required=True, help="folder that holds the MLmodel file")
    parser.add_argument("--name", required=True, help="name the model is served under")
    parser.add_argument("--version", required=True, help="its version")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--unix-socket", type=Path, help="listen on this socket, made with mode 0600")
    where.add_argument("--port", type=int, help="listen on this TCP port; 0 takes a free one and says which")
    parser.add_argument("--host", default="127.0.0.1", help="address for --port (%(default)s)")
    parser.add_argument("--smoke", action="store_true", help="load, try the model's own input example, print JSON, end")
    threads = default_threads()
    parser.add_argument("--threads", type=_positive, default=threads, help="predictions at once (%(default)s)")
    parser.add_argument("--max-body-mib", type=_positive, default=64, help="largest request body (%(default)s)")
    parser.add_argument("--max-pending", type=_positive, default=256, help="requests held before 503 (%(default)s)")
    parser.add_argument("--grace-seconds", type=_positive, default=30, help="time to finish requests (%(default)s)")
    return parser


def default_threads() -> int:
    """One per CPU that this process may use, and at least two, so that one long prediction leaves room."""
    return max(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
