"""Settings as text: how ``KEY=VALUE`` is read, and what a class says about each of its settings."""

import ast
import inspect
import math
import textwrap
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from gopolicy.errors import ConfigError
from gopolicy.ranges import MOST, Range, read_integer, shortened

Setting = int | float | str | bool
"""What a setting of a network may be."""
_THOUSANDS = {"k": 1_000, "M": 1_000_000}


def split_setting(text: str) -> tuple[str, str]:
    """Split ``KEY=VALUE``; dashes in the key count as underscores, spaces around both not at all.

    ConfigError where the equals sign or the key is missing.

    >>> split_setting(" batch-size = 64")
    ('batch_size', '64')
    """
    key, value = _split(text, "KEY=VALUE", text)
    return key.replace("-", "_"), value


def read_settings(texts: Iterable[str]) -> dict[str, Setting]:
    """Read ``KEY=VALUE`` where the kinds of the values are not known; the last of a key counts.

    >>> read_settings(["filters=64", "normalization=batch", "include-top=false"])
    {'filters': 64, 'normalization': 'batch', 'include_top': False}
    """
    return {key: guess(value) for key, value in map(split_setting, texts)}


def read_numbers(name: str, text: str) -> dict[str, float]:
    """Read ``NAME=NUMBER,NAME=NUMBER``, the value of the setting called name.

    ConfigError where a pair is none; ValueError where a number is none.

    >>> read_numbers("mix", "kgs-6d=2, tygem-9d=0.5")
    {'kgs-6d': 2.0, 'tygem-9d': 0.5}
    """
    pairs = (part for part in text.split(",") if part.strip())
    split = (_split(pair, f"{name} as NAME=VALUE,NAME=VALUE", text) for pair in pairs)
    return {key: float(value) for key, value in split}


def _split(pair: str, form: str, found: str) -> tuple[str, str]:
    """Split at the first equals sign; ConfigError names the form expected and what was found."""
    key, equals, value = pair.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"expected {form}, got {shortened(found)}")
    return key.strip(), value.strip()


def read_like(name: str, text: str, default: object, wanted: Range | None = None) -> Any:
    """Read text as the value of a setting, of the same kind as its default.

    Whole numbers may end in k or M, for thousands and millions.  The range only serves the message
    of the ConfigError that anything else gets; whoever keeps the value checks it.

    >>> read_like("positions", "1.5M", 1)
    1500000
    """
    try:
        if isinstance(default, Mapping):
            return read_numbers(name, text)
        if isinstance(default, bool):
            return _read_truth(name, text)
        if isinstance(default, int):
            return read_integer(text, _THOUSANDS)
        return float(text) if isinstance(default, float) else text
    except ValueError as error:
        if isinstance(error, ConfigError):
            raise
        kind = "a whole number" if isinstance(default, int) else "a number"
        where = f" {wanted}" if wanted else ""
        raise ConfigError(f"expected {name} to be {kind}{where}, got {shortened(text)}") from None


def _read_truth(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ConfigError(f"expected {name} to be true or false, got {shortened(text)}")
    return text.lower() == "true"


def guess(text: str) -> Setting:
    """Read a value whose kind is not known: a truth value, a finite number or a word."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (read_integer, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if abs(value) > MOST or math.isnan(value):
            raise ConfigError(f"expected a number of at most {MOST:,}, got {shortened(text)}")
        return value
    return text


def written(value: object) -> str:
    """Return a value as `read_like` reads it.

    >>> written(True), written({"a": 2.0, "b": 1.5}), written(5_000_000), written(0.01)
    ('true', 'a=2,b=1.5', '5000000', '0.01')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ",".join(f"{key}={item:g}" for key, item in value.items())
    return str(value)


def explanations(settings: type) -> dict[str, str]:
    """Return what the texts below the fields of a class say, by field and each in one line.

    They are read from the source, because Python keeps them nowhere; OSError where there is none.
    """
    (body,) = (
        node.body
        for node in ast.parse(textwrap.dedent(inspect.getsource(settings))).body
        if isinstance(node, ast.ClassDef)
    )
    found = {}
    for field, below in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            found[field.target.id] = " ".join(_text(below).split())
    return found


def _text(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return node.value.value if isinstance(node.value.value, str) else ""
    return ""
