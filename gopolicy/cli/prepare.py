"""``gopolicy prepare``: archives of games to a store for training."""

import argparse
import time
from pathlib import Path
from typing import Any

from gopolicy.cli.options import add_json, add_skip_broken, positive_int
from gopolicy.cli.output import print_json, print_text, say

HELP = "turn archives of games into a store for training"

DESCRIPTION = """\
Read SGF games from files, folders and archives, and write a store: a folder that training
and evaluation map into memory.  Every game that is skipped is counted by reason and listed in
OUT/rejected.tsv.  The same archives and options always give the same store."""

EXAMPLES = """\
examples:
  gopolicy prepare kgs/ tygem/ --out store
  gopolicy prepare kgs/*.tar.gz --out strong --min-rank 6d --handicap none
  gopolicy prepare kgs/ --out store --exclude test/kgs-2015-05.tar.gz

Each PATH becomes a source named after it (single games: after their folder), which training can
weigh.  KGS games of 2015 are the published test data of this field: keep them out with --exclude,
which also keeps out copies in other archives, turned and mirrored ones, and games with the same
first 60 moves."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``gopolicy prepare``."""
    add = parser.add_argument
    add("paths", nargs="+", type=Path, metavar="PATH", help="an archive, a folder or an SGF file")
    add("--out", required=True, type=Path, metavar="DIR", help="the store to write or replace")
    add("--size", type=positive_int, default=19, help="board size to keep (default: 19)")
    add(
        "--min-rank",
        type=_rank,
        metavar="RANK",
        help="keep games with a player of this rank, such as 6d, and learn only such "
        "players' moves (default: all games, all moves)",
    )
    add(
        "--handicap",
        choices=("any", "none"),
        default="any",
        help="'none' skips games that start with handicap or setup stones (default: any)",
    )
    add(
        "--min-moves",
        type=int,
        default=1,
        metavar="N",
        help="skip games with fewer board moves (default: 1)",
    )
    add(
        "--validation",
        type=float,
        default=0.02,
        metavar="SHARE",
        help="share of the openings kept apart to measure on while training (default: 0.02)",
    )
    add(
        "--exclude",
        nargs="+",
        type=Path,
        default=[],
        metavar="PATH",
        help="archives whose games must not enter the store, wherever else they are found",
    )
    add_skip_broken(parser)
    add("--processes", type=positive_int, metavar="N", help="default: one per core")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Build the store and say what is in it."""
    from gopolicy.cli.progress import TqdmProgress
    from gopolicy.data.build import build_table
    from gopolicy.data.options import PrepareOptions
    from gopolicy.data.store import check_target, describe, open_store, write_store

    begin = time.perf_counter()
    check_target(args.out)
    options = PrepareOptions(
        size=args.size,
        min_rank=args.min_rank,
        handicap=args.handicap,
        min_moves=args.min_moves,
        validation=args.validation,
        exclude=tuple(args.exclude),
        skip_broken=args.skip_broken,
    )
    table, rejections = build_table(args.paths, options, TqdmProgress(), processes=args.processes)
    write_store(table, rejections, args.out, options)
    report = describe(open_store(args.out).meta)
    report["seconds"] = round(time.perf_counter() - begin, 2)
    if test_games := count_kgs_2015(table):
        say(f"warning: {test_games:,} games look like KGS games of 2015, which are test data")
    if args.json:
        print_json(report)
    else:
        print_text(_summary(report, args.out))
    return 0


def count_kgs_2015(table: Any) -> int:
    """Return how many games are dated 2015 and come from a source named after KGS."""
    kgs = [s for s, label in enumerate(table.sources) if "kgs" in label.lower()]
    return sum(int(((table.source == s) & (table.date // 10000 == 2015)).sum()) for s in kgs)


def _rank(text: str) -> int:
    """Parse a rank (an argparse type)."""
    from gopolicy.sgf.ranks import parse_rank

    rank = parse_rank(text)
    if rank is None:
        raise argparse.ArgumentTypeError(f"expected a rank such as 6d, 3k or 9p, got {text!r}")
    return rank


def _summary(report: dict[str, Any], out: Path) -> str:
    """Return the report as text for people."""
    lines = [
        f"{out}: {report['games']:,} games, {report['positions']:,} positions, "
        f"{report['validation']['games']:,} of the games for validation",
        f"skipped: {report['rejected']:,}, and {report['duplicates']:,} duplicates "
        f"(listed in {out / 'rejected.tsv'})",
    ]
    lines += [f"  {count:>9,} {reason}" for reason, count in report["rejected_by_reason"].items()]
    for source in report["sources"]:
        lines.append(f"{source['label']}: {source['games']:,} games")
    lines.append(f"digest {report['digest'][:16]}, {report['seconds']:.1f} s")
    return "\n".join(lines)
