"""What a comparison asks of its data, be it games of Go or pictures."""

from pathlib import Path
from typing import Any, Protocol

from gopolicy.compare.network_spec import NetworkSpec, Trial
from gopolicy.compare.trial_result import Measured, TrialResult
from gopolicy.errors import GoPolicyError
from gopolicy.nets.network import LayerList
from gopolicy.progress import Progress
from gopolicy.settings import Setting
from gopolicy.timing import Work


class StoppedEarly(GoPolicyError):
    """A signal ended a training; what is done is kept."""

    def __init__(self, signal: int) -> None:
        super().__init__("stopped early; the same command goes on")
        self.signal = signal

    def __reduce__(self) -> tuple[type["StoppedEarly"], tuple[int]]:
        return StoppedEarly, (self.signal,)


class Subject(Protocol):
    """Data, and how a network is trained and measured on it."""

    @property
    def key(self) -> str:
        """A name for files."""

    @property
    def example(self) -> str:
        """What one example is called."""

    @property
    def unit(self) -> str:
        """What is drawn independently: a game, a picture."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an example."""

    @property
    def facts(self) -> dict[str, Any]:
        """What a report says about the data."""

    def defaults(self, network: str) -> dict[str, Setting]:
        """Return the settings of the network called so; ConfigError where it does not fit."""

    def build(self, spec: NetworkSpec) -> LayerList:
        """Return the network of a spec, with fresh weights."""

    def trial_facts(self, trial: Trial) -> dict[str, Any]:
        """Return everything that decides what a trial comes to."""

    def run(self, trial: Trial, folder: Path, progress: Progress) -> TrialResult:
        """Train, or go on training, in folder, and measure; StoppedEarly after a signal."""

    def blind(self) -> Measured:
        """Return the figures of who never looks, on the examples that networks are measured on."""

    def serving(self, spec: NetworkSpec, folder: Path) -> Work:
        """Return the work of asking the trained network in folder about a batch."""
