"""The standard streams of the process: closed ones, narrow encodings, readers that went away."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
_STRICT = ("strict", "surrogateescape")


def set_up_streams() -> None:
    """Make standard streams that nothing can be lost or broken by.

    A stream that was closed by whoever started the process becomes the null device: Python has
    None for it, to which `print` gives another meaning, and the next file to be opened would get
    its number.  What the encoding of standard output cannot hold is printed as ``?``.
    """
    for descriptor in range(len(_STREAMS)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
    for name, mode in _STREAMS:
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors in _STRICT:
        sys.stdout.reconfigure(errors="replace")


def abandon(stream: TextIO) -> None:
    """Send what a stream still holds, and all that follows, nowhere if it cannot be written."""
    try:
        stream.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


@contextmanager
def remarking() -> Iterator[None]:
    """Let the work go on if standard error, which only gets remarks, cannot be written."""
    try:
        yield
    except OSError:
        abandon(sys.stderr)
