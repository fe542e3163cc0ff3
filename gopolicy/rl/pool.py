"""The pool of past selves: weight folders that are numbered by the iteration they are of."""

import re
import shutil
from pathlib import Path

import numpy as np

from gopolicy.errors import WeightsError
from gopolicy.nets.folding import fold
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.weights import LoadedNetwork, describe_network, load_weights, save_weights
from gopolicy.policy.policy import Policy
from gopolicy.progress import Progress

_NAME = re.compile(r"[0-9]{6,9}", re.ASCII)


class Pool:
    """The past selves of a run, in its folder ``pool``; the parent is number 0."""

    def __init__(self, folder: Path, plane_set: str, device: str, progress: Progress) -> None:
        self._folder, self._plane_set, self._device = folder, plane_set, device
        self._progress = progress
        self._damaged: set[int] = set()

    def numbers(self, before: int) -> list[int]:
        """Return the numbers of the entries that joined before or in an iteration, ascending."""
        if not self._folder.is_dir():
            return []
        names = [path.name for path in self._folder.iterdir() if _NAME.fullmatch(path.name)]
        found = sorted(int(name) for name in names)
        return [number for number in found if number <= before]

    def add(self, number: int, network: PolicyNetwork) -> None:
        """Keep the network as it is now."""
        plain = fold(network)
        save_weights(self._path(number), plain, describe_network(plain, self._plane_set))

    def forget_after(self, number: int) -> None:
        """Remove entries of iterations that are not done, as a killed run leaves them."""
        for found in self.numbers(1 << 62):
            if found > number:
                shutil.rmtree(self._path(found), ignore_errors=True)

    def load(self, number: int, size: int) -> LoadedNetwork:
        """Return one entry; WeightsError where it is damaged."""
        return load_weights(self._path(number), plane_set=self._plane_set, size=size)

    def draw(
        self, iteration: int, size: int, draw: np.random.Generator, precision: str
    ) -> Policy | None:
        """Return a past self at random, all alike probable; None where there is none.

        A damaged one is named once and left out.
        """
        numbers = [n for n in self.numbers(iteration) if n not in self._damaged]
        while numbers:
            number = numbers.pop(int(draw.integers(len(numbers))))
            try:
                loaded = self.load(number, size)
                return Policy(loaded, device=self._device, precision=precision, backend="torch")
            except WeightsError as error:
                self._damaged.add(number)
                self._progress.message(f"past self {number} is left out: {error}")
        return None

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06d}"
