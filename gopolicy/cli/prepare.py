"""``gopolicy prepare``: archives of games to a store for training."""

import argparse
import time
from functools import partial
from pathlib import Path
from typing import Any

from gopolicy.cli.options import (
    add_json,
    add_option,
    add_skip_broken,
    at_once,
    number,
    positive_int,
    rank_number,
    whole_number,
)
from gopolicy.cli.output import print_json, print_text, say

DESCRIPTION = """\
Read SGF games from files, folders and archives, and write a store: a folder that training
and evaluation map into memory.  Every game that is skipped is counted by reason and listed in
OUT/rejected.tsv.  The same archives and options always give the same store."""

EXAMPLES = """\
examples:
  gopolicy prepare kgs/ tygem/ --out store
  gopolicy prepare kgs/*.tar.gz --out strong --min-rank 6d --handicap none
  gopolicy prepare kgs/ --out store --exclude test/kgs-2015-05.tar.gz
  gopolicy prepare more-games.zip --out store --add --exclude test/kgs-2015-05.tar.gz

Each PATH becomes a source named after it (single games: after their folder), which training can
weigh.  KGS games of 2015 are the published test data of this field: keep them out with --exclude,
which also keeps out copies in other archives, turned and mirrored ones, and games with the same
first 60 moves."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``gopolicy prepare``."""
    add = partial(add_option, parser)
    add("paths PATH", "an archive, a folder or an SGF file", kind=Path, nargs="+")
    add("--out DIR", "the store to write or replace", kind=Path, required=True)
    parser.add_argument(
        "--add",
        action="store_true",
        help="add the games to the store that is there, by the filters it was built with",
    )
    add("--size", "board size to keep", 19, positive_int)
    add(
        "--min-rank RANK",
        "keep games with a player of this rank, such as 6d, and learn only such "
        "players' moves (default: all games, all moves)",
        kind=rank_number,
    )
    add(
        "--handicap",
        "'none' skips games that start with handicap or setup stones",
        "any",
        ("any", "none"),
    )
    add("--min-moves N", "skip games with fewer board moves", 1, whole_number(0))
    add(
        "--validation SHARE",
        "share of the openings kept apart to measure on while training",
        0.02,
        number(0, 1),
    )
    add(
        "--exclude PATH",
        "archives whose games must not enter the store, wherever else they are found",
        [],
        Path,
        nargs="+",
    )
    add_skip_broken(parser)
    add("--processes N", "default: one per core", kind=at_once)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Build the store and say what is in it."""
    from gopolicy.cli.progress_bar import TqdmProgress
    from gopolicy.data.prepare_options import PrepareOptions
    from gopolicy.data.prepare_store import prepare
    from gopolicy.data.store import describe_store

    begin = time.perf_counter()
    options = PrepareOptions(
        size=args.size,
        min_rank=args.min_rank,
        handicap=args.handicap,
        min_moves=args.min_moves,
        validation=args.validation,
        exclude=tuple(args.exclude),
        skip_broken=args.skip_broken,
    )
    store = prepare(
        args.paths,
        args.out,
        options,
        add=args.add,
        processes=args.processes,
        progress=TqdmProgress(),
    )
    report = describe_store(store.meta)
    report["seconds"] = round(time.perf_counter() - begin, 2)
    if test_games := count_kgs_2015(store.table):
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


def _summary(report: dict[str, Any], out: Path) -> str:
    lines = [
        f"{out}: {report['games']:,} games, {report['positions']:,} positions, "
        f"{report['validation']['games']:,} of the games for validation",
        f"skipped: {report['rejected']:,}, and {report['duplicates']:,} duplicates "
        f"(listed in {out / 'rejected.tsv'})",
    ]
    lines += [f"  {count:>9,} {reason}" for reason, count in report["rejected_by_reason"].items()]
    if placed := report["handicap_placed"]:
        lines.append(f"handicap placed: {placed:,} games without their stones, on the fixed points")
    for source in report["sources"]:
        lines.append(f"{source['label']}: {source['games']:,} games")
    lines.append(f"digest {report['digest'][:16]}, {report['seconds']:.1f} s")
    return "\n".join(lines)
