"""The networks behind the page: loaded once, asked by one thread, shared by all tabs."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from gopolicy.nets.probe import learning_layers
from gopolicy.nets.weight_info import find_weights, read_description
from gopolicy.play.bot import Bot, BotOptions

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A network that is ready."""

    name: str
    bot: Bot
    layers: tuple[str, ...]
    """The layers with weights, in order."""


class Engines:
    """Some networks; one question is answered after the other."""

    def __init__(self, named: Sequence[tuple[str, BotOptions]]) -> None:
        """Begin to load networks, given as what to call each and how it is run."""
        self.names = [name for name, _ in named]
        self.described = [read_description(find_weights(each.weights)) for _, each in named]
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="network")
        self._loading = [self._thread.submit(_load, name, options) for name, options in named]

    async def ask(self, question: Callable[[Sequence[Engine]], T]) -> T:
        """Return what a function of the networks returns; raises what loading them raised.

        A question that is canceled before its turn is never asked.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: question(self._ready()))

    def close(self) -> None:
        """Drop all questions that wait."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _ready(self) -> list[Engine]:
        return [each.result() for each in self._loading]


def _load(name: str, options: BotOptions) -> Engine:
    bot = Bot(options)
    layers = tuple(learning_layers(bot.policy(bot.size).network))
    return Engine(name=name, bot=bot, layers=layers)
