"""``gopolicy selfplay``: games of a network against itself, to the very end, into a store."""

import argparse
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gopolicy.cli.options import (
    BACKENDS,
    add_device,
    add_json,
    add_option,
    add_weights,
    number,
    positive_int,
    repetitions,
    seed,
    whole_number,
)
from gopolicy.cli.output import print_json, print_text, say
from gopolicy.errors import ConfigError
from gopolicy.ranges import MAX_KOMI, MAX_PLIES

if TYPE_CHECKING:
    from gopolicy.rl.self_play_run import SelfPlayPlan, SelfPlayResult

DESCRIPTION = """\
A network plays against itself, many games in step, each to the very end: a player passes only when
no sensible move is left, dead stones are taken off the board by play, seki stay. So the area count
is exact, and the store that comes out holds the final score and whose every point was.

With --from, every game begins at a random position of a game of that store, and the store that
comes out holds where: the position, and what follows it, with the score and the owners."""

EXAMPLES = """\
examples:
  gopolicy selfplay --out games --games 1000
  gopolicy selfplay --weights run/weights --out games --temperature 0.5 --sgf sgf
  gopolicy selfplay --size 9 --temperature 0.7 --games 5000 --out small-boards
  gopolicy selfplay --from store --out endings --per-game 2

Ctrl-C writes a store of the games that have ended, and --resume goes on, also after a crash, with
the same result as without a stop."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add = partial(add_option, parser)
    add_weights(parser)
    add("--out DIR", "the store to write or replace", required=True, kind=Path)
    add(
        "--games N",
        "games in all (default: 100; with --from one for each position)",
        kind=repetitions,
    )
    add("--from STORE", "begin at positions of the games of a store", kind=Path, dest="source")
    add("--per-game N", "with --from: positions of each game (default 1)", kind=repetitions)
    add("--sgf DIR", "also write the games as SGF here", kind=Path)
    add("--temperature T", "0 plays the best move, 1 as predicted", 1.0, number(0, 1e6))
    share = number(0, 1, above=True)
    add("--top-p P", "draw among the best moves that together reach this", 1.0, share)
    add(
        "--opening-plies N",
        "moves from the empty board for which other values hold",
        30,
        whole_number(0),
    )
    add("--opening-temperature T", "in the opening", 1.0, number(0, 1e6))
    add("--opening-top-p P", "in the opening", 1.0, share)
    add("--komi K", "for the result; no move depends on it", 7.5, number(-MAX_KOMI, MAX_KOMI))
    add(
        "--most-moves N",
        "break off longer games, which stay out of the store (default: four times the points)",
        kind=whole_number(1, MAX_PLIES),
    )
    add("--size N", "side of the board (default: that of the weights)", kind=positive_int)
    add("--parallel N", "games in step", 64, whole_number(1, 4096))
    add("--seed N", "of the games", 1, seed)
    add("--resume", "go on with a run that was stopped", action="store_true")
    add_device(parser)
    # No trial: how it ends would decide which games are played.
    add(
        "--backend",
        "the library that computes; the same one gives the same games",
        "torch",
        BACKENDS,
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from gopolicy.cli.progress_bar import TqdmProgress
    from gopolicy.policy.load import load
    from gopolicy.rl.self_play_run import run_self_play

    policy = load(
        args.weights, device=args.device, precision="fp32", backend=args.backend, size=args.size
    )
    plan = _plan(args, policy.size)
    result = run_self_play(plan, policy, TqdmProgress())
    if result.signal:
        say(f"stopped by {signal.Signals(result.signal).name}; go on with --resume")
    if args.json:
        print_json(_report(plan, result))
    else:
        print_text(_as_text(plan, result))
    return 128 + result.signal if result.signal else 0


def _plan(args: argparse.Namespace, size: int) -> "SelfPlayPlan":
    from gopolicy.nets.weight_info import default_weights
    from gopolicy.rl.self_play import SelfPlaySettings
    from gopolicy.rl.self_play_run import SelfPlayPlan

    if args.per_game and not args.source:
        raise ConfigError("--per-game goes with --from")
    settings = SelfPlaySettings(
        size=size,
        komi=args.komi,
        opening_plies=args.opening_plies,
        opening_temperature=args.opening_temperature,
        opening_top_p=args.opening_top_p,
        temperature=args.temperature,
        top_p=args.top_p,
        most_moves=args.most_moves,
    )
    return SelfPlayPlan(
        out=args.out,
        weights=Path(args.weights or default_weights()).name,
        settings=settings,
        games=args.games,
        parallel=args.parallel,
        seed=args.seed,
        source=args.source,
        per_game=args.per_game or 1,
        sgf=args.sgf,
        resume=args.resume,
    )


def _report(plan: "SelfPlayPlan", result: "SelfPlayResult") -> dict[str, Any]:
    """Return what came out, as JSON holds it."""
    ended = [game for game in result.games if game.ended == "passes"]
    lengths = [len(game.events) - game.start for game in ended]
    black = sum(game.score > plan.settings.komi for game in ended)
    meta = {} if result.store is None else result.store.meta
    keys = ("games", "positions", "rejected", "rejected_by_reason", "duplicates", "digest")
    return {
        "out": plan.out,
        **{key: meta.get(key) for key in keys},
        "finished": len(result.games),
        "wanted": result.wanted,
        "black_wins": black / len(ended) if ended else None,
        "score": sum(game.score for game in ended) / len(ended) if ended else None,
        "moves": sum(lengths) / len(ended) if ended else None,
        "most_moves": max(lengths, default=None),
        "plies": result.plies,
        "seconds": round(result.seconds, 2),
        "plies_per_second": result.plies / result.seconds,
        "waited": result.waited,
    }


def _as_text(plan: "SelfPlayPlan", result: "SelfPlayResult") -> str:
    """Return what came out, for people."""
    facts = _report(plan, result)
    speed = (
        f"{facts['plies']:,} plies in {facts['seconds']:.1f} s, "
        f"{facts['plies_per_second']:.0f} a second; "
        f"the network waited {facts['waited']:.1%} of it"
    )
    if result.store is None:
        games = f"{facts['finished']:,} of {facts['wanted']:,} games"
        return f"{games}, none of them played to its end: there is no store\n{speed}"
    lines = [
        f"{plan.out}: {facts['games']:,} games, {facts['positions']:,} positions, "
        f"{facts['rejected']:,} left out, {facts['duplicates']:,} duplicates",
        f"{facts['finished']:,} of {facts['wanted']:,} games played, the longest of "
        f"{facts['most_moves']} moves",
        f"Black won {facts['black_wins']:.1%}; on average {facts['score']:+.1f} points before komi",
        speed,
        f"digest {facts['digest'][:16]}",
    ]
    return "\n".join(lines)
