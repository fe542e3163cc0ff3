"""What a page may ask, read with distrust: every value has a kind and a range."""

import json
import math
from collections.abc import Mapping
from typing import Any

from gopolicy.errors import ConfigError


class Request:
    """One message of a page."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def word(self, name: str, most: int = 200, default: str | None = None) -> str:
        """Return a text of at most so many characters."""
        value = self._values.get(name, default)
        if not isinstance(value, str) or len(value) > most:
            raise ConfigError(f"expected {name} to be a text of at most {most} characters")
        return value

    def choice(self, name: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
        """Return a text that is one of those known."""
        value = self._values.get(name)
        if not isinstance(value, str) or value not in known:
            raise ConfigError(f"expected {name} to be one of {', '.join(known)}")
        return value

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """Return a whole number from low to high."""
        value = self._values.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ConfigError(f"expected {name} to be a whole number from {low} to {high}")
        return value

    def number(self, name: str, low: float, high: float) -> float:
        """Return a number from low to high."""
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            value = math.nan
        if not low <= value <= high:
            raise ConfigError(f"expected {name} to be a number from {low} to {high}")
        return float(value)

    def flag(self, name: str) -> bool:
        """Return whether something is wanted."""
        return self._values.get(name) is True


def read_request(text: str | bytes) -> Request:
    """Return the request in a message; ConfigError if it is none."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise ConfigError("expected a message in JSON, an object")
    return Request(values)
