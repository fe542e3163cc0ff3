"""Something slow that a thread makes while others wait for it only when they need it."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """A value that a thread is making."""

    def __init__(self, make: Callable[[], T], failed: Callable[[Exception], None]) -> None:
        """Begin; failed is called by the thread with what went wrong, if anything does."""
        self._make = make
        self._failed = failed
        self._value: T | None = None
        self.error: Exception | None = None
        """What went wrong, once it has."""
        self._thread = threading.Thread(target=self._run, name="loading", daemon=True)
        self._thread.start()

    def get(self) -> T:
        """Return the value, waiting for it; raises what making it raised."""
        self._thread.join()
        if self.error is not None:
            raise self.error
        assert self._value is not None
        return self._value

    def finish(self, seconds: float) -> bool:
        """Wait for the thread at most so long; return whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._value = self._make()
        except Exception as error:  # handed to whoever waits for the value
            self.error = error
            self._failed(error)
