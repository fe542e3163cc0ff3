"""Progress bars on standard error for the long work of the lower layers."""

import sys
from typing import Any

from tqdm import tqdm

from gopolicy.cli.streams import remarking

TERMINAL_INTERVAL, LOG_INTERVAL = 0.2, 20.0
"""Seconds between two drawings, on a terminal and in a log file."""


class TqdmProgress:
    """Draws one bar at a time; a `gopolicy.progress.Progress`."""

    def __init__(self) -> None:
        self._bar: Any = None

    def start(self, label: str, total: int | None, unit: str) -> None:
        """Open a bar, closing the one before."""
        self.finish()
        interval = TERMINAL_INTERVAL if sys.stderr.isatty() else LOG_INTERVAL
        with remarking():
            self._bar = tqdm(
                desc=label,
                total=total,
                unit=f" {unit}",
                unit_scale=total is None or total >= 10_000,
                mininterval=interval,
                maxinterval=max(interval, 10.0),
                dynamic_ncols=True,
                file=sys.stderr,
            )

    def advance(self, count: int = 1, **figures: object) -> None:
        """Move the bar and show the figures behind it."""
        if self._bar is None:
            return
        if figures:
            self._bar.set_postfix({key: _short(value) for key, value in figures.items()}, False)
        with remarking():
            self._bar.update(count)

    def message(self, text: str) -> None:
        """Print a line above the bar."""
        with remarking():
            tqdm.write(text, file=sys.stderr)

    def finish(self) -> None:
        """Close the bar."""
        if self._bar is not None:
            bar, self._bar = self._bar, None
            with remarking():
                bar.close()


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
