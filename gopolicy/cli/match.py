"""``gopolicy match``: which of two engines plays better."""

import argparse
import math
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from gopolicy.cli.options import (
    add_json,
    add_option,
    at_once,
    number,
    positive_int,
    repetitions,
    whole_number,
)
from gopolicy.cli.output import print_json, print_text, say
from gopolicy.ranges import MAX_KOMI, MAX_MATCH_SEED, MAX_SECONDS

if TYPE_CHECKING:
    from gopolicy.match.match_tally import MatchResult
    from gopolicy.match.matches import MatchPlan

DESCRIPTION = """\
Plays games between two engines that speak GTP. Colors alternate; every opening is played twice,
with colors exchanged; finished games are counted here, dead stones found by playouts.

A player is a command line, or the name or path of weights. The first is the one named by --black,
who has Black in the first game; {seed} in a command line is another number for each pair of games.
A player who crashes, takes too long or plays an illegal move loses that game."""

EXAMPLES = """\
examples:
  gopolicy match --black run/weights --white "gnugo --mode gtp --level 1" --games 100 --out games
  gopolicy match --black old/weights --white new/weights --parallel 4 --json
  gopolicy match --black "gopolicy gtp --temperature 1 --seed {seed}" --white run/weights

Started again with the same --out, a match goes on where it stopped; more --games may be added."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add, seconds = partial(add_option, parser), number(0, MAX_SECONDS, above=True)
    add("--black CMD", "the first player", required=True)
    add("--white CMD", "the second player", required=True)
    add("--games N", "", 20, repetitions)
    add("--out DIR", "keep the games as SGF here, and resume from here")
    add("--parallel N", "games at a time (default 1)", 1, at_once)
    add("--size N", "", 19, positive_int)
    add("--komi K", "", 7.5, number(-MAX_KOMI, MAX_KOMI))
    add("--scoring", "", "area", ("area", "territory"))
    add(
        "--superko",
        "what counts as an illegal repetition beside ko",
        "none",
        ("none", "positional", "situational"),
    )
    add("--seed N", "of openings and {seed}", 1, whole_number(0, MAX_MATCH_SEED))
    add(
        "--opening-moves N",
        "moves given to both, one in each corner, 0 to 4 (default: 4; small boards at most 2)",
        4,
        whole_number(0, 4),
    )
    add("--move-seconds S", "limit a move", 60.0, seconds)
    add("--main-seconds S", "limit for all moves of a player in a game", kind=seconds)
    add("--max-moves N", "count a game that gets longer", kind=repetitions)
    add("--ask-score", "have the engines count, too, and compare", action="store_true")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from gopolicy.cli.progress_bar import TqdmProgress
    from gopolicy.match.matches import play_match

    plan = _plan(args)
    try:
        result = play_match(plan, args.out, parallel=args.parallel, progress=TqdmProgress())
    except KeyboardInterrupt:
        if args.out:
            say(f"finished games are kept in {args.out}; the same command goes on from there")
        raise
    if args.json:
        print_json({**asdict(result), "black": plan.first, "white": plan.second})
    else:
        print_text(_as_text(plan, result))
    return 0


def _plan(args: argparse.Namespace) -> "MatchPlan":
    from gopolicy.go.vertex import check_size
    from gopolicy.match.match_game import Terms
    from gopolicy.match.matches import MatchPlan

    terms = Terms(
        size=check_size(args.size),
        komi=args.komi,
        scoring=args.scoring,
        superko=args.superko,
        move_seconds=args.move_seconds,
        main_seconds=args.main_seconds,
        max_moves=args.max_moves,
        ask_score=args.ask_score,
    )
    return MatchPlan(
        first=args.black,
        second=args.white,
        games=args.games,
        seed=args.seed,
        opening_moves=args.opening_moves,
        terms=terms,
    )


def _as_text(plan: "MatchPlan", result: "MatchResult") -> str:
    """Return the result for people."""
    low, high = result.interval
    elo_low, elo_high = result.elo_interval
    as_white = result.games - result.games_as_black
    ends = ", ".join(f"{end} {count}" for end, count in result.ends.items())
    lines = [
        f"{plan.first} against {plan.second}",
        f"{result.games} games: {result.wins} won, {result.losses} lost, {result.draws} drawn",
        f"win rate   {result.win_rate:.1%}  (95 %: {low:.1%} to {high:.1%})",
        f"Elo        {_elo(result.elo)}  (95 %: {_elo(elo_low)} to {_elo(elo_high)})",
        f"as Black   {result.wins_as_black} of {result.games_as_black} won",
        f"as White   {result.wins - result.wins_as_black} of {as_white} won",
        f"endings    {ends}",
        f"length     {result.moves:.0f} moves",
    ]
    if plan.terms.ask_score:
        agreed = result.claims - result.disputes
        lines.append(f"counts     the same by referee and engines in {agreed} of {result.claims}")
    return "\n".join(lines)


def _elo(points: float) -> str:
    if math.isinf(points):
        return "more than can be told" if points > 0 else "less than can be told"
    return f"{points:+.0f}"
