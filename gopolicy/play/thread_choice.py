"""How many threads a bot computes with, which is tried again when it has become slow."""

from collections.abc import Callable

from gopolicy.nets.thread_trial import trial_words, try_threads
from gopolicy.timing import SpeedWatch


class ThreadChoice:
    """Keeps torch at the number of threads that a look of the network is fastest with.

    All numbers are tried again once a look has taken twice its time for a while.
    """

    def __init__(self, look: Callable[[], object], remark: Callable[[str], None] | None) -> None:
        """Try; look is called a few times, and stands for what will be computed."""
        self._look, self._remark = look, remark
        self._watch = SpeedWatch()
        self._several = self._try()

    def timed(self, seconds: float) -> None:
        """Learn how long one more look of the usual kind took."""
        if self._several and self._watch.halved(1 / max(seconds, 1e-9), seconds):
            self._try()

    def _try(self) -> bool:
        """Try, say what came out, and return whether there was anything to try."""
        spent = try_threads(self._look)
        if spent and self._remark:
            self._remark(trial_words(spent))
        return bool(spent)
