"""Listens, answers, and on SIGTERM finishes what it has begun."""

import json
import logging
import os
import signal
import socket
import stat
import sys
from pathlib import Path

import uvicorn

log = logging.getLogger("slipway_model_server")


class CannotListen(Exception):
    """The address cannot be had; the message says why."""


def unix_socket(path: Path) -> socket.socket:
    """A socket that only its owner may use (uvicorn's own would be open to everybody)."""
    if path.exists():
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise CannotListen(f"{path} exists and is not a socket")
        if _answers(path):
            raise CannotListen(f"another process listens on {path}")
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as error:
        raise CannotListen(f"cannot listen on {path}: {error.strerror or error}") from None
    finally:
        os.umask(before)
    return listener


def tcp_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise CannotListen(f"cannot listen on {host} port {port}: {error.strerror or error}") from None
    return listener


def run(app, listener: socket.socket, grace_seconds: int) -> None:
    """Serves until SIGTERM or SIGINT; returns when the last request is answered or the grace is over."""
    # uvicorn raises the signal again when it is done; by then there is nothing left to interrupt.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_keep_alive=75,  # longer than a gateway keeps a connection, so that it never finds one just closed
        timeout_graceful_shutdown=grace_seconds,
        backlog=1024,
    )
    address = _address(listener)
    try:
        _Announcing(config, address).run(sockets=[listener])
    finally:
        if listener.family == socket.AF_UNIX:
            Path(address.removeprefix("unix:")).unlink(missing_ok=True)
    log.info("stopped")


class _Announcing(uvicorn.Server):
    """Says on standard output, in one line of JSON, where it listens."""

    def __init__(self, config: uvicorn.Config, address: str):
        super().__init__(config)
        self._address = address

    async def startup(self, sockets=None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            sys.stdout.write(json.dumps({"event": "ready", "address": self._address}) + "\n")
            sys.stdout.flush()


def _address(listener: socket.socket) -> str:
    name = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return f"unix:{name}"
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"http://{host}:{name[1]}"


def _answers(path: Path) -> bool:
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.connect(str(path))
    except OSError:
        return False
    finally:
        probe.close()
    return True
