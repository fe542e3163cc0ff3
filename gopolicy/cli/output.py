"""What commands write: results on standard output, remarks on standard error."""

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import PurePath

from gopolicy.cli.streams import remarking


def print_json(value: object) -> None:
    """Print one JSON object on standard output."""
    whole = as_json_value(value)
    text = json.dumps(whole, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # escapes lose nothing
        text = json.dumps(whole, ensure_ascii=True, allow_nan=False)
    print(text)


def print_text(text: str) -> None:
    """Print a result for people on standard output."""
    print(text)


def printable(text: str) -> str:
    """Return text in one line without signs that steer a terminal, as files may hold them."""
    line = " ".join(text.split())
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)


def say(text: str) -> None:
    """Print a remark on standard error."""
    with remarking():
        print(text, file=sys.stderr, flush=True)


def as_json_value(value: object) -> object:
    """Return value as what JSON can hold; numbers that are not finite become null."""
    if is_dataclass(value) and not isinstance(value, type):
        return as_json_value(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): as_json_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json_value(item) for item in value]
    if isinstance(value, PurePath):
        return str(value)
    if hasattr(value, "tolist"):  # a numpy scalar or array
        return as_json_value(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
