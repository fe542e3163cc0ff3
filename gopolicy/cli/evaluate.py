"""``gopolicy evaluate``: how often a network finds the move that was played."""

import argparse
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gopolicy.cli.options import (
    add_backend,
    add_device,
    add_json,
    add_option,
    add_skip_broken,
    add_symmetries,
    add_weights,
    at_once,
    batch_size,
    positive_int,
    rank_number,
)
from gopolicy.cli.output import print_json, print_text, say
from gopolicy.errors import ConfigError

if TYPE_CHECKING:
    from gopolicy.cli.thread_switch import ThreadSwitch
    from gopolicy.data.position_kernels import Int64Array
    from gopolicy.data.selection import Split
    from gopolicy.data.table import GameTable
    from gopolicy.evaluation.accuracy import AccuracyReport
    from gopolicy.evaluation.outcome_accuracy import OutcomeReport
    from gopolicy.policy.policy import Policy
    from gopolicy.progress import Progress

DESCRIPTION = """\
Measures how often a network finds the move that was played, on archives of games or on a store.

Every board move of the chosen games counts, passes do not. Top-k is over all points, illegal ones
included; top1_legal is the figure with illegal points left out. Of a network that says how games
end, the win rates after 0, 50, 100, ... moves are measured too, by who won."""

EXAMPLES = """\
examples:
  gopolicy evaluate games.tar.gz
  gopolicy evaluate games.tar.gz --weights run/weights --report report --symmetries 8
  gopolicy evaluate kgs/*.tar.gz --min-rank 6d --handicap none --limit 100000 --json
  gopolicy evaluate store --split validation --json
  gopolicy evaluate games.tar.gz --playouts 100"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add = partial(add_option, parser)
    add(
        "paths PATH",
        "archives, folders or files of games, or one store made by `gopolicy prepare`",
        kind=Path,
        nargs="+",
    )
    add(
        "--split",
        "which games of a store (default: validation)",
        kind=("validation", "train", "all"),
    )
    add(
        "--min-rank RANK",
        "count only the moves of players of this rank or more, such as 6d",
        kind=rank_number,
    )
    parser.add_argument(
        "--handicap", choices=("any", "none"), default="any", help="none: only even games"
    )
    add(
        "--size N",
        "count the games on NxN boards (default: the size the network was trained on)",
        kind=positive_int,
    )
    add(
        "--limit N",
        "look at N positions only, evenly spread over the games, always the same ones",
        kind=positive_int,
    )
    add(
        "--playouts N",
        "compare win rates with those of N random playouts, and with a fit of those",
        kind=positive_int,
    )
    add("--report DIR", "write charts and an HTML page", kind=Path)
    add("--batch-size N", "", 256, batch_size)
    add(
        "--precision",
        "how to compute; auto: bf16 where the machine is faster in it (default)",
        "auto",
        ("auto", "fp32", "bf16"),
    )
    add_skip_broken(parser)
    add_weights(parser)
    add_symmetries(parser)
    add_device(parser)
    add_backend(parser)
    threads = "threads to compute with (default: what the first batches are fastest with)"
    add_option(parser, "--threads N", threads, kind=at_once)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from gopolicy.cli.networks import load_network, policy_for, size_note, weights_name
    from gopolicy.cli.progress_bar import TqdmProgress
    from gopolicy.evaluation.accuracy import evaluate_positions
    from gopolicy.files import check_folder

    if args.report:
        check_folder(args.report)
    progress = TqdmProgress()
    loaded = load_network(args)
    table, ids, counts = _games(args, args.size or loaded.info.size, progress)
    counts |= _seen_games(args, table, ids)
    policy = policy_for(args, loaded, table.size)
    asked = _with_threads(args, policy)
    report = evaluate_positions(asked, table, ids, batch_size=args.batch_size, progress=progress)
    outcome = _outcomes(args, policy, table, ids, progress)
    conditions = {
        "weights": weights_name(args),
        "size": table.size,
        "trained_size": loaded.info.size,
        "note": size_note(loaded.info.size, table.size),
        "symmetries": policy.symmetries,
        "device": str(policy.device),
        "precision": (precision := policy.precision_for(min(args.batch_size, report.positions))),
        "backend": policy.backend_for(precision),
        "positions_per_second": report.positions / report.seconds,
    }
    ends = {"outcome": asdict(outcome) if outcome else None}
    result = {**asdict(report), **ends, **counts, **conditions}
    if args.report:
        page = _write_report(args, policy, report, {**counts, **conditions}, outcome)
        say(f"report: {page}")
    if args.json:
        print_json(result)
    else:
        print_text(_as_text(report, counts, conditions, outcome))
    return 0


def _with_threads(args: argparse.Namespace, policy: "Policy") -> "Policy | ThreadSwitch":
    """Return the policy to ask: with the threads of the options, or with a trial of them."""
    import torch

    from gopolicy.cli.thread_switch import ThreadSwitch

    if args.threads:
        torch.set_num_threads(args.threads)
    if args.threads or policy.device.type != "cpu":
        return policy
    return ThreadSwitch(policy, say)


def _games(
    args: argparse.Namespace, size: int, progress: "Progress"
) -> tuple["GameTable", "Int64Array", dict[str, Any]]:
    from gopolicy.data.open_games import open_games
    from gopolicy.data.prepare_options import PrepareOptions
    from gopolicy.data.store import is_store
    from gopolicy.evaluation.choose import choose_positions

    split: Split = args.split or "validation"
    if any(is_store(path) for path in args.paths):
        if args.size:
            raise ConfigError("--size is for archives; a store has a size of its own")
    elif args.split:
        raise ConfigError("--split needs a store; archives have no validation split")
    options = PrepareOptions(
        size=size, min_rank=args.min_rank, handicap=args.handicap, skip_broken=args.skip_broken
    )
    games = open_games(args.paths, options, split=split, progress=progress)
    selection, counts = games.selection, games.left_out
    if games.digest:
        counts |= {"digest": games.digest, "split": split}
    ids = choose_positions(
        selection, min_rank=args.min_rank, handicap=args.handicap, limit=args.limit
    )
    return selection.table, ids, counts


def _outcomes(
    args: argparse.Namespace,
    policy: "Policy",
    table: "GameTable",
    ids: "Int64Array",
    progress: "Progress",
) -> "OutcomeReport | None":
    """Return how good the network's win rates are over the games of the positions."""
    import numpy as np

    from gopolicy.evaluation import outcome_accuracy as accuracy
    from gopolicy.play.playouts import estimate
    from gopolicy.policy.balanced_views import balanced_views

    if not policy.knows_outcomes:
        if args.playouts:
            raise ConfigError("--playouts needs a network that says how games end")
        return None
    started = time.perf_counter()
    positions = accuracy.ended_positions(table, np.unique(table.games_of(ids)))
    if not len(positions):
        return None
    said = {
        "network": accuracy.ask_network(
            lambda asked: [view.outlook for view in balanced_views(policy, asked)],
            positions,
            batch_size=args.batch_size,
            progress=progress,
        )
    }
    if args.playouts:
        said["playouts"] = accuracy.ask_playouts(
            lambda board, color: estimate(board, args.playouts, to_move=color), positions, progress
        )
        said["fitted playouts"] = accuracy.fitted_forecasts(said["playouts"], positions)
    return accuracy.summarize_outcomes(positions, said, time.perf_counter() - started)


def _seen_games(args: argparse.Namespace, table: "GameTable", ids: "Int64Array") -> dict[str, Any]:
    """Return how many games the weights may know from training; warn where there are any."""
    from gopolicy.cli.networks import weights_name
    from gopolicy.evaluation.games_trained_on import count_seen_games
    from gopolicy.nets.seen_games import read_seen_games
    from gopolicy.nets.weight_info import find_weights

    openings = read_seen_games(find_weights(weights_name(args)))
    if openings is None:
        return {"seen_games": None}
    found = count_seen_games(table, ids, openings)
    if found.suspicious:
        say(str(found))
    return {"seen_games": found.seen}


def _as_text(
    report: "AccuracyReport",
    counts: dict[str, Any],
    conditions: dict[str, Any],
    outcome: "OutcomeReport | None",
) -> str:
    from gopolicy.evaluation.accuracy_report import headline
    from gopolicy.evaluation.outcome_charts import outcome_table

    lines = [f"{name:<13} {value:>10}   {remark}" for name, value, remark in headline(report)]
    reasons = ", ".join(f"{n} {reason}" for reason, n in counts["rejected_by_reason"].items())
    left_out = f"left out: {counts['rejected']} games" + (f" ({reasons})" if reasons else "")
    lines += ["", "top-1 by move number:"]
    for row in report.by_phase:
        span = f"{row['first_move']}-{row['last_move'] or ''}"
        lines.append(f"  {span:<9} {row['top1']:6.1%}  of {row['positions']:,}")
    if outcome:
        lines += ["", "win rate by moves played (always 50 %: 0.6931 nats):"]
        lines += ["".join(f"{cell:>16}" for cell in row) for row in outcome_table(outcome)]
    if conditions["note"]:
        lines += ["", conditions["note"]]
    lines += ["", left_out + f", {counts['duplicates']} duplicates"]
    lines.append(
        f"{conditions['weights']}, {conditions['symmetries']} symmetry view(s), "
        f"{conditions['precision']} by {conditions['backend']} on {conditions['device']}, "
        f"{conditions['positions_per_second']:,.0f} positions/s"
    )
    protocols = [report.protocol, *([outcome.protocol] if outcome else [])]
    return "\n".join([*lines, "", *protocols])


def _write_report(
    args: argparse.Namespace,
    policy: "Policy",
    report: "AccuracyReport",
    conditions: dict[str, Any],
    outcome: "OutcomeReport | None",
) -> Path:
    from gopolicy.draw.render import words
    from gopolicy.evaluation.accuracy_report import write_accuracy_report
    from gopolicy.sgf.ranks import rank_name

    info = policy.info
    settings = words(info.settings) if info.settings else ""
    rank = "any" if args.min_rank is None else f"{rank_name(args.min_rank)} or more"
    facts = {
        "network": f"{info.network} ({settings})" if settings else info.network,
        "planes": info.plane_set,
        "positions of its last training": f"{info.positions:,}",
        "games": ", ".join(path.name for path in args.paths),
        "rank of the player to move": rank,
        "handicap": args.handicap,
        **{name: value for name, value in conditions.items() if value != ""},
    }
    return write_accuracy_report(
        args.report,
        report,
        network=str(conditions["weights"]),
        facts=facts,
        outcome=outcome,
    )
