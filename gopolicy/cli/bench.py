"""``gopolicy bench``: what this machine can do, as ratios against references."""

import argparse
import os
import platform
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gopolicy.cli.options import add_device, add_json, add_option, add_weights, number
from gopolicy.cli.output import print_json, print_text, say

if TYPE_CHECKING:
    from gopolicy.data.table import GameTable
    from gopolicy.timing import SpeedRow

SELF_PLAYER = "alphago-res-64x9"
"""The network that plays against itself where none is named."""
PARTS = ("encode", "loader", "train", "inference", "gtp", "selfplay")

DESCRIPTION = """\
Measures this machine. Every figure is compared with a reference measured in the same run, so the
ratios can be compared between machines and days; the absolute figures cannot.

  encode     replaying and encoding games, against sgfmill's board
  loader     batches prepared in the background, against one thread
  train      training as it is, against a bare loop on fixed tensors
  inference  one move and batches, against the bare network; every installed library, against torch
  gtp        how long a frontend waits for the engine: to start, to move, to end
  selfplay   random games in the environment, against OpenSpiel and PettingZoo if installed;
             games of a network against itself, against its bare forward pass"""

EXAMPLES = """\
examples:
  gopolicy bench
  gopolicy bench encode loader --json
  gopolicy bench encode --data games.tar.gz
  gopolicy bench gtp --weights run/weights"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add = partial(add_option, parser)
    add(
        "parts PART",
        f"{', '.join(PARTS)}; several, also joined by commas (default: all)",
        kind=_part,
        nargs="*",
    )
    add(
        "--data PATH",
        "games or a store to measure on (default: the bundled games)",
        kind=Path,
        nargs="+",
    )
    add("--seconds S", "per measurement", 1.0, number(0, 3600, above=True))
    add_weights(parser)
    add_device(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    parts = list(dict.fromkeys(part for parts in args.parts for part in parts)) or list(PARTS)
    table = _games(args.data)
    rows: dict[str, list[SpeedRow]] = {}
    for part in parts:
        say(f"measuring {part} ...")
        rows[part] = _MEASURES[part](args, table)
        if not args.json:
            print_text(_as_text(part, rows[part]))
    if args.json:
        print_json(
            {"machine": _machine(args), **{k: list(map(_plain, v)) for k, v in rows.items()}}
        )
    return 0


def _part(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    for name in names:
        if name not in PARTS:
            raise argparse.ArgumentTypeError(f"no part {name!r}; there are {', '.join(PARTS)}")
    return names


def _games(paths: list[Path] | None) -> "GameTable":
    from gopolicy.data.open_games import open_games
    from gopolicy.samples import SAMPLE_GAMES

    return open_games(paths or [SAMPLE_GAMES]).selection.table


def _encode(args: argparse.Namespace, table: "GameTable") -> list["SpeedRow"]:
    from gopolicy.bench.throughput import measure_encode

    return measure_encode(table, args.seconds)


def _loader(args: argparse.Namespace, table: "GameTable") -> list["SpeedRow"]:
    from gopolicy.bench.throughput import measure_loader
    from gopolicy.cores import usable_cores

    rows = []
    for threads in sorted({1, usable_cores()}):
        rows += measure_loader(table, args.seconds, threads)
    return rows


def _train(args: argparse.Namespace, table: "GameTable") -> list["SpeedRow"]:
    import tempfile

    from gopolicy.bench.training_speed import measure_train
    from gopolicy.data.prepare_options import PrepareOptions
    from gopolicy.data.store import open_store, write_store
    from gopolicy.training.config import TrainConfig
    from gopolicy.training.source import StoreSource
    from gopolicy.training.world import open_world

    settings: dict[str, int | float | str | bool] = {
        "filters": 64,
        "layers": 6,
        "normalization": "batch",
    }
    config = TrainConfig(settings=settings, planes="alphago48", validation_positions=0)
    with tempfile.TemporaryDirectory() as folder, open_world(args.device) as world:
        options = PrepareOptions(size=table.size, validation=0.0)
        write_store(table, [], Path(folder) / "store", options)
        source = StoreSource(open_store(Path(folder) / "store"), config, world)
        return measure_train(config, source, world, args.seconds)


def _inference(args: argparse.Namespace, table: "GameTable") -> list["SpeedRow"]:
    from gopolicy.bench.inference import fresh_network, measure_backends, measure_inference
    from gopolicy.nets.weight_info import default_weights, shipped_weights
    from gopolicy.nets.weights import load_weights

    full = fresh_network(table.size)
    rows = measure_inference(full, "alphago with 192 filters, 12 layers", args.device)
    if args.weights or shipped_weights():
        name = args.weights or default_weights()
        rows += measure_inference(load_weights(name), str(name), args.device)
        rows += measure_backends(load_weights(name), str(name))
    return rows


def _gtp(args: argparse.Namespace, table: "GameTable") -> list["SpeedRow"]:
    import tempfile

    from gopolicy.bench.frontend import first_game, measure_gtp, save_network
    from gopolicy.bench.inference import fresh_network
    from gopolicy.nets.weight_info import (
        default_weights,
        find_weights,
        read_info,
        shipped_weights,
    )

    game, size = first_game([table.game_events(g) for g in range(table.games)]), table.size
    with tempfile.TemporaryDirectory() as folder:
        full = save_network(fresh_network(size), Path(folder, "full"))
        rows = measure_gtp(full, "192 filters, 12 layers", game, size, args.device)
    if args.weights or shipped_weights():
        name = args.weights or default_weights()
        ahead = 8 if read_info(find_weights(name)).outcome else 0
        rows += measure_gtp(name, str(name), game, size, args.device, ahead)
    return rows


def _selfplay(args: argparse.Namespace, table: "GameTable") -> list["SpeedRow"]:
    """Measure random play in the environment, and self-play of the network asked for."""
    from gopolicy.bench.self_play_speed import measure_environment, measure_self_play
    from gopolicy.nets.weight_info import shipped_weights
    from gopolicy.nets.weights import load_weights

    rows = measure_environment(table.size, args.seconds)
    if args.weights or SELF_PLAYER in shipped_weights():
        name = args.weights or SELF_PLAYER
        rows += measure_self_play(load_weights(name), str(name), table, args.device, args.seconds)
    return rows


_MEASURES = {
    "encode": _encode,
    "loader": _loader,
    "train": _train,
    "inference": _inference,
    "gtp": _gtp,
    "selfplay": _selfplay,
}


def _plain(row: "SpeedRow") -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(row), "holds": row.holds}


def _as_text(part: str, rows: list["SpeedRow"]) -> str:
    """Return the figures, each with what it was compared with; requirements are in the JSON."""
    lines = [part]
    for row in rows:
        lines.append(f"  {row.name:<56} {row.value:>12,.1f} {row.unit}")
        if row.ratio is not None:
            less = " (less is better)" if row.smaller_is_better else ""
            lines.append(f"    {row.ratio:.2f} times {row.reference}{less}")
    return "\n".join(lines)


def _machine(args: argparse.Namespace) -> dict[str, Any]:
    import numba
    import torch

    from gopolicy.nets.devices import pick_device

    device = pick_device(args.device)
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numba": numba.__version__,
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
