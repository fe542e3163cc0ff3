"""How long-running functions tell their caller how far they are; only `gopolicy.cli` draws it."""

from typing import Protocol


class Progress(Protocol):
    """A listener for one piece of long work."""

    def start(self, label: str, total: int | None, unit: str) -> None:
        """Work named label begins; total units are expected, None where nobody knows."""

    def advance(self, count: int = 1, **figures: object) -> None:
        """Count more units are done; figures (a loss, a count) may be shown beside the bar."""

    def message(self, text: str) -> None:
        """Something worth a line of its own happened."""

    def finish(self) -> None:
        """End the account of the work."""


class Silent:
    """The listener that ignores everything."""

    def start(self, label: str, total: int | None, unit: str) -> None:
        """Ignore."""

    def advance(self, count: int = 1, **figures: object) -> None:
        """Ignore."""

    def message(self, text: str) -> None:
        """Ignore."""

    def finish(self) -> None:
        """Ignore."""


SILENT = Silent()
