"""``gopolicy match``: which of two engines plays better."""

import argparse
import math
from dataclasses import asdict
from typing import TYPE_CHECKING

from gopolicy.cli.options import add_json, positive_int
from gopolicy.cli.output import print_json, print_text, say

if TYPE_CHECKING:
    from gopolicy.evaluation.match import MatchPlan
    from gopolicy.evaluation.match_tally import MatchResult

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
    add = parser.add_argument
    add("--black", required=True, metavar="CMD", help="the first player")
    add("--white", required=True, metavar="CMD", help="the second player")
    add("--games", type=positive_int, default=20, metavar="N", help="(default: 20)")
    add("--out", metavar="DIR", help="keep the games as SGF here, and resume from here")
    add("--parallel", type=positive_int, default=1, metavar="N", help="games at a time (default 1)")
    add("--size", type=int, default=19, metavar="N", help="(default: 19)")
    add("--komi", type=float, default=7.5, metavar="K", help="(default: 7.5)")
    add("--scoring", choices=("area", "territory"), default="area", help="(default: area)")
    add(
        "--superko",
        choices=("none", "positional", "situational"),
        default="none",
        help="what counts as an illegal repetition beside ko (default: none)",
    )
    add("--seed", type=int, default=1, metavar="N", help="of openings and {seed} (default: 1)")
    add(
        "--opening-moves",
        type=int,
        choices=range(5),
        default=4,
        metavar="N",
        help="moves given to both, one in each corner, 0 to 4 (default: 4; small boards at most 2)",
    )
    add("--move-seconds", type=float, default=60.0, metavar="S", help="limit a move (default: 60)")
    add("--main-seconds", type=float, metavar="S", help="limit for all moves of a player in a game")
    add("--max-moves", type=positive_int, metavar="N", help="count a game that gets longer")
    add("--ask-score", action="store_true", help="have the engines count, too, and compare")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from gopolicy.cli.progress import TqdmProgress
    from gopolicy.evaluation.match import play_match

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
        print_text(as_text(plan, result))
    return 0


def _plan(args: argparse.Namespace) -> "MatchPlan":
    """Return what the options ask for."""
    from gopolicy.evaluation.match import MatchPlan
    from gopolicy.evaluation.match_game import Terms
    from gopolicy.go.vertex import check_size

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


def as_text(plan: "MatchPlan", result: "MatchResult") -> str:
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
