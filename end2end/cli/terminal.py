"""Somebody at a terminal, with a home of their own. SLIPWAY_BIN is the binary; SLIPWAY_URL, SLIPWAY_USER and SLIPWAY_PASSWORD a portal and its admin."""

import fcntl
import json
import os
import pathlib
import pty
import shutil
import struct
import subprocess
import tempfile
import termios
import unittest

BIN = os.environ["SLIPWAY_BIN"]
URL = os.environ["SLIPWAY_URL"]
USER, PASSWORD = os.environ["SLIPWAY_USER"], os.environ["SLIPWAY_PASSWORD"]


class Terminal(unittest.TestCase):
    """One story; each test goes on where the one before ended."""

    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="slipway-cli-"))
        cls.code = cls.home / "project"
        cls.code.mkdir()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.home, ignore_errors=True)

    def environment(self, **more):
        base = {k: v for k, v in os.environ.items() if not k.startswith(("SLIPWAY_", "XDG_"))}
        return base | {"HOME": str(self.home)} | more

    def slipway(self, *args, code=0, given=None, **env):
        """Standard output of a command, which has to end with this exit code."""
        done = subprocess.run([BIN, *args], input=given or "", capture_output=True, text=True, cwd=self.code, timeout=900, env=self.environment(**env))
        self.assertEqual(done.returncode, code, f"slipway {' '.join(args)}\n{done.stdout}\n{done.stderr}")
        self.assertNotIn("panicked", done.stderr)
        self.stderr = done.stderr
        return done.stdout

    def json(self, *args, **more):
        return json.loads(self.slipway(*args, "--output", "json", **more))

    def seen(self, *args, code=0, rows=24, columns=100):
        """All that a command writes to a terminal of this size, control sequences included."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        command = subprocess.Popen(
            [BIN, *args], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, cwd=self.code, env=self.environment(TERM="xterm")
        )
        os.close(theirs)
        seen = b""
        while True:
            try:
                more = os.read(ours, 1 << 16)
            except OSError:  # nobody has the other side any more
                break
            if not more:
                break
            seen += more
        os.close(ours)
        text = seen.decode(errors="replace")
        self.assertEqual(command.wait(180), code, f"slipway {' '.join(args)}\n{text}")
        return text
