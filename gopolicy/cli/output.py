"""What commands write: results on standard output, remarks on standard error."""

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import PurePath


def print_json(value: object) -> None:
    """Print one JSON object on standard output."""
    print(json.dumps(plain(value), ensure_ascii=False, allow_nan=False))


def print_text(text: str) -> None:
    """Print a result for people on standard output."""
    print(text)


def say(text: str) -> None:
    """Print a remark on standard error."""
    print(text, file=sys.stderr, flush=True)


def plain(value: object) -> object:
    """Return value as what JSON can hold; numbers that are not finite become null."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, PurePath):
        return str(value)
    if hasattr(value, "tolist"):  # a numpy scalar or array
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
