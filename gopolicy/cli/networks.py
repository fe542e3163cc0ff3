"""From the options of a command to a network that is ready; imports torch."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gopolicy.cli.output import say
from gopolicy.nets.weight_info import default_weights
from gopolicy.nets.weights import LoadedNetwork, load_weights
from gopolicy.play.bot import Bot, BotOptions
from gopolicy.policy.other_sizes import at_size
from gopolicy.policy.policy import Policy


def weights_name(args: argparse.Namespace) -> str:
    """Return what ``--weights`` says, or the name of the best shipped network."""
    return str(args.weights) if args.weights else default_weights()


def load_network(args: argparse.Namespace) -> LoadedNetwork:
    """Return the network that ``--weights`` asks for."""
    return load_weights(weights_name(args))


def policy_for(
    args: argparse.Namespace, loaded: LoadedNetwork, size: int, *, precision: str = "auto"
) -> Policy:
    """Return a network that is asked about boards of a size as the options say.

    Says so where that is not the size it was trained on; ConfigError if it is bound to that.
    precision is what to compute in where there is no option for it: fp32 where answers must not
    depend on how many positions are asked together.
    """
    if note := size_note(loaded.info.size, size):
        network, info = at_size(loaded.network, size), replace(loaded.info, size=size)
        loaded = replace(loaded, network=network, info=info)
        say(note)
    symmetries = getattr(args, "symmetries", 1)
    return Policy(
        loaded,
        device=args.device,
        symmetries=symmetries,
        precision=getattr(args, "precision", precision),
        backend=getattr(args, "backend", "auto"),
        remark=say,
    )


def bot_for(args: argparse.Namespace, remark: Callable[[str], None], **settings: Any) -> Bot:
    """Return the bot of an engine as its options say; settings are more of `BotOptions`."""
    options = BotOptions(
        weights=weights_name(args),
        device=args.device,
        backend=args.backend,
        symmetries=args.symmetries,
        threads=args.threads,
        remark=remark,
        **settings,
    )
    return Bot(options)


def size_note(trained: int, size: int) -> str:
    """Return what to expect on boards of a size; nothing on those the network was trained on."""
    if trained == size:
        return ""
    return (
        f"the network was trained on {trained}x{trained} boards: on {size}x{size} it finds fewer "
        "moves, and its percentages are less true"
    )
