"""``gopolicy evaluate``: how often a network finds the move that was played."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gopolicy.cli.options import (
    add_device,
    add_json,
    add_skip_broken,
    add_symmetries,
    add_weights,
    positive_int,
    rank_number,
)
from gopolicy.cli.output import plain, print_json, print_text, say
from gopolicy.errors import ConfigError

if TYPE_CHECKING:
    from gopolicy.data.kernels import Int64Array
    from gopolicy.data.table import GameTable
    from gopolicy.engine.predictor import Predictor
    from gopolicy.evaluation.accuracy import AccuracyReport
    from gopolicy.progress import Progress

DESCRIPTION = """\
Measures how often a network finds the move that was played, on archives of games or on a store.

Every board move of the chosen games counts, passes do not. Top-k is over all points, illegal ones
included; top1_legal is the figure with illegal points left out."""

EXAMPLES = """\
examples:
  gopolicy evaluate games.tar.gz
  gopolicy evaluate games.tar.gz --weights run/weights --report report --symmetries 8
  gopolicy evaluate kgs/*.tar.gz --min-rank 6d --handicap none --limit 100000 --json
  gopolicy evaluate store --split validation --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        type=Path,
        help="archives, folders or files of games, or one store made by `gopolicy prepare`",
    )
    parser.add_argument(
        "--split",
        choices=("validation", "train", "all"),
        help="which games of a store (default: validation)",
    )
    parser.add_argument(
        "--min-rank",
        type=rank_number,
        metavar="RANK",
        help="count only the moves of players of this rank or more, such as 6d",
    )
    parser.add_argument(
        "--handicap", choices=("any", "none"), default="any", help="none: only even games"
    )
    parser.add_argument(
        "--limit",
        type=positive_int,
        metavar="N",
        help="look at N positions only, evenly spread over the games, always the same ones",
    )
    parser.add_argument("--report", type=Path, metavar="DIR", help="write charts and an HTML page")
    parser.add_argument(
        "--batch-size", type=positive_int, default=256, metavar="N", help="(default: 256)"
    )
    parser.add_argument(
        "--precision",
        choices=("auto", "fp32", "bf16"),
        default="auto",
        help="how to compute; auto: bf16 where the machine is faster in it (default)",
    )
    add_skip_broken(parser)
    add_weights(parser)
    add_symmetries(parser)
    add_device(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from gopolicy.cli.networks import load_predictor, weights_name
    from gopolicy.cli.progress import TqdmProgress
    from gopolicy.evaluation.accuracy import evaluate
    from gopolicy.files import check_folder

    if args.report:
        check_folder(args.report)
    progress = TqdmProgress()
    predictor = load_predictor(args)
    table, ids, counts = _games(args, predictor.size, progress)
    report = evaluate(predictor, table, ids, batch_size=args.batch_size, progress=progress)
    conditions = {
        "weights": weights_name(args),
        "symmetries": predictor.symmetries,
        "device": str(predictor.device),
        "precision": predictor.precision_for(args.batch_size),
        "positions_per_second": report.positions / report.seconds,
    }
    result = {**asdict(report), **counts, **conditions}
    if args.report:
        page = _write_report(args, predictor, report, {**counts, **conditions})
        say(f"report: {page}")
    if args.json:
        print_json(result)
    else:
        print_text(_as_text(report, counts, conditions))
    return 0


def _games(
    args: argparse.Namespace, size: int, progress: "Progress"
) -> tuple["GameTable", "Int64Array", dict[str, Any]]:
    """Return the games, the positions to look at, and what was left out."""
    from gopolicy.data.store import is_store, open_store
    from gopolicy.evaluation.choose import choose_positions

    if any(is_store(path) for path in args.paths):
        if len(args.paths) > 1:
            raise ConfigError("expected archives or one store, not a store and more")
        store = open_store(args.paths[0])
        store.verify()
        selection = store.split(args.split or "validation")
        keys = ("rejected", "rejected_by_reason", "duplicates", "digest")
        counts = {key: store.meta[key] for key in keys} | {"split": args.split or "validation"}
    else:
        if args.split:
            raise ConfigError("--split needs a store; archives have no validation split")
        selection, counts = _read_archives(args, size, progress)
    ids = choose_positions(
        selection, min_rank=args.min_rank, handicap=args.handicap, limit=args.limit
    )
    return selection.table, ids, counts


def _read_archives(
    args: argparse.Namespace, size: int, progress: "Progress"
) -> tuple[Any, dict[str, Any]]:
    """Read archives into memory; return all their games and what was left out."""
    import numpy as np

    from gopolicy.data.build import DUPLICATE, build_table
    from gopolicy.data.filtering import tally
    from gopolicy.data.options import PrepareOptions
    from gopolicy.data.selection import GameSelection

    options = PrepareOptions(
        size=size,
        min_rank=args.min_rank,
        handicap=args.handicap,
        skip_broken=args.skip_broken,
    )
    table, rejections = build_table(args.paths, options, progress)
    reasons = tally(rejections)
    duplicates = reasons.pop(DUPLICATE, 0)
    counts = {
        "rejected": sum(reasons.values()),
        "rejected_by_reason": reasons,
        "duplicates": duplicates,
    }
    return GameSelection(table, np.arange(table.games)), counts


def _as_text(report: "AccuracyReport", counts: dict[str, Any], conditions: dict[str, Any]) -> str:
    """Return the figures for people."""
    from gopolicy.evaluation.report import headline

    lines = [f"{name:<13} {value:>10}   {remark}" for name, value, remark in headline(report)]
    reasons = ", ".join(f"{n} {reason}" for reason, n in counts["rejected_by_reason"].items())
    left_out = f"left out: {counts['rejected']} games" + (f" ({reasons})" if reasons else "")
    lines += ["", "top-1 by move number:"]
    for row in report.by_phase:
        span = f"{row['first_move']}-{row['last_move'] or ''}"
        lines.append(f"  {span:<9} {row['top1']:6.1%}  of {row['positions']:,}")
    lines += ["", left_out + f", {counts['duplicates']} duplicates"]
    lines.append(
        f"{conditions['weights']}, {conditions['symmetries']} symmetry view(s), "
        f"{conditions['precision']} on {conditions['device']}, "
        f"{conditions['positions_per_second']:,.0f} positions/s"
    )
    return "\n".join([*lines, "", report.protocol])


def _write_report(
    args: argparse.Namespace,
    predictor: "Predictor",
    report: "AccuracyReport",
    conditions: dict[str, Any],
) -> Path:
    """Write the report folder and return its page."""
    from gopolicy.evaluation.report import write_report
    from gopolicy.sgf.ranks import rank_name

    info = predictor.info
    rank = "any" if args.min_rank is None else f"{rank_name(args.min_rank)} or more"
    facts = {
        "network": f"{info.network} {plain(info.settings)}",
        "planes": info.plane_set,
        "trained on positions": f"{info.positions:,}",
        "games": ", ".join(path.name for path in args.paths),
        "rank of the player to move": rank,
        "handicap": args.handicap,
        **conditions,
    }
    return write_report(args.report, report, network=str(conditions["weights"]), facts=facts)
