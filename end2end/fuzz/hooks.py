"""How to make and to read the bodies that are not JSON."""

import ast
import gzip
import io
import tarfile
import threading

import schemathesis
from hypothesis import strategies as st

# Two threads that parse at once are a SystemError in CPython 3.11 (https://github.com/python/cpython/issues/106905), and hypothesis parses what
# it describes.
parse, parsing = ast.parse, threading.Lock()


def parse_one_at_a_time(*args, **kwargs):
    with parsing:
        return parse(*args, **kwargs)


ast.parse = parse_one_at_a_time


def packed(name: str, content: bytes) -> bytes:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as out:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        out.addfile(entry, io.BytesIO(content))
    return gzip.compress(tar.getvalue(), mtime=0)


# Good uploads, bad ones, and anything at all.
schemathesis.openapi.media_type(
    "application/gzip",
    st.one_of(
        st.builds(packed, st.sampled_from(["train.py", "../up", "/etc/up", "a/../../up"]), st.binary(max_size=64)),
        st.binary(max_size=64).map(gzip.compress),
        st.binary(max_size=256),
    ),
)


@schemathesis.deserializer("application/octet-stream")
def octets(ctx, response):
    return response.content
