#!/usr/bin/env python3
"""Put a trained network into ``weights/``: half precision on disk, measured figures, a card.

The figures come from what ``gopolicy evaluate --json`` printed, so nothing on a card is typed by
hand but the remarks:

    gopolicy evaluate games.tar.gz --weights run/weights --precision fp32 --json > one.json
    gopolicy evaluate games.tar.gz --weights run/weights --symmetries 8 --json > eight.json
    python tools/ship_weights.py run one.json eight.json --name NAME --games "NAME OF THE GAMES" ...

The second measurement may be left out, as for a network that turns with the board anyway.  For one
that has learned by playing, on a board of which there are no games, what ``gopolicy match --json``
printed stands for them:

    gopolicy match --black run/weights --white "gnugo ..." --size 9 --json > match.json
    python tools/ship_weights.py run --match match.json --name NAME
"""

import argparse
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from gopolicy.files import write_text
from gopolicy.go.board import Board
from gopolicy.nets.cost import multiply_adds
from gopolicy.nets.weights import load_weights, save_weights
from gopolicy.policy.policy import Policy
from gopolicy.sgf.read import read_game

ROOT = Path(__file__).resolve().parents[1]
AFTER_EVENTS = (0, 30, 120)
FIGURES = ("top1", "top5", "top10", "top1_legal", "nll", "mean_rank", "calibration_error")

ACCURACY = """\
## Accuracy

On {games}: {count} games, {positions} positions. Protocol: {protocol}

| forward passes per position | arithmetic | top-1 | 95 % interval | top-5 | top-10 | \
top-1, legal points | nats | mean rank | calibration error |
|---|---|---|---|---|---|---|---|---|---|
{rows}

One pass, by phase of the game:

| moves | positions | top-1 | nats |
|---|---|---|---|
{phases}

One pass, by rank of the player to move:

| rank | positions | top-1 | nats |
|---|---|---|---|
{ranks}

Reproduce it with

```bash
{commands}
```

"""
STRENGTH = """\
## Strength

| it plays | against | games | won | 95 % interval |
|---|---|---|---|---|
{rows}

Colors alternated, every opening was played twice. Measure it again by `gopolicy match --size {size}
--games N --white` and what the table names, with `--black {name}` for its first choices and
`--black "gopolicy gtp --weights {name} --look-ahead N"` for a player that looks ahead.

"""
CARD = """\
# {name}

{what}

{figures}## Cost

One look at a position takes {multiply_adds:,} multiply-adds. `gopolicy bench inference` times it.

## Training

{training}

```json
{config}
```

{remarks}
## Licence

MIT, as the rest of gopolicy. The archives it was trained on are not part of the repository; a
network holds none of their games.
"""


def main() -> int:
    """Write the weight folder and its card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="the folder of the training run")
    parser.add_argument("one", type=Path, nargs="?", help="what evaluate --json printed")
    parser.add_argument("eight", type=Path, nargs="?", help="the same with --symmetries 8")
    parser.add_argument("--name", required=True)
    parser.add_argument("--games", help="what was measured on, in words")
    parser.add_argument("--archive", help="the file name of those games")
    parser.add_argument("--match", type=Path, nargs="+", default=[], help="what match printed")
    parser.add_argument("--remarks", type=Path, help="a file of Markdown to add to the card")
    args = parser.parse_args()
    results = [json.loads(path.read_text()) for path in (args.one, args.eight) if path]
    folder = ROOT / "weights" / args.name
    loaded = load_weights(args.run / "weights")
    info = replace(loaded.info, accuracy=accuracy_of(args, results), precision="fp16")
    save_weights(folder, loaded.network, info, loaded.outcome)
    write_text(folder / "CARD.md", card(args, results, loaded))
    stored = ROOT / "tests" / "golden" / "weights" / f"{args.name}.json"
    stored.parent.mkdir(exist_ok=True)
    write_text(stored, json.dumps(answers(folder), separators=(",", ":")) + "\n")
    return 0


def accuracy_of(args: argparse.Namespace, results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the description says of the accuracy; empty where none was measured."""
    if not results:
        return {}
    accuracy = {"games": args.games, "positions": results[0]["positions"], "symmetries": 1}
    accuracy |= {key: round(results[0][key], 6) for key in FIGURES}
    accuracy |= {f"top1_symmetries_{r['symmetries']}": round(r["top1"], 6) for r in results[1:]}
    return accuracy | {"protocol": results[0]["protocol"]}


def answers(folder: Path) -> list[dict[str, Any]]:
    """Return what the shipped network says in some positions, for its test.

    They are of the sample game; on boards of another size only the empty board.
    """
    policy = Policy(load_weights(folder), device="cpu", precision="fp32")
    events = read_game(ROOT / "gopolicy" / "samples" / "game.sgf").events
    found = []
    for after in AFTER_EVENTS if policy.size == 19 else (0,):
        board = Board.from_events(policy.size, events[:after])
        planes = policy.planes_of(board.arrays, board.to_move)
        logs = policy.log_probabilities(planes[None])[0]
        found.append({"after": after, "log_probabilities": [round(float(x), 4) for x in logs]})
    return found


def card(args: argparse.Namespace, results: list[dict[str, Any]], loaded: Any) -> str:
    """Return the text of the card."""
    run = json.loads((args.run / "run.json").read_text())
    info = loaded.info
    parameters = sum(parameter.numel() for parameter in loaded.network.parameters())
    settings = ", ".join(f"{key} {value}" for key, value in info.settings.items())
    return CARD.format(
        name=args.name,
        what=f"Network `{info.network}` ({settings}), plane set `{info.plane_set}`, {info.size}x"
        f"{info.size}, {parameters:,} parameters, in half precision on disk.",
        figures=accuracy_text(args, results) + strength_text(args, info.size),
        multiply_adds=multiply_adds(loaded.network, (info.planes, info.size, info.size)),
        training=training_text(args.run, run, info),
        config=json.dumps(run["config"], indent=2),
        remarks=args.remarks.read_text() + "\n" if args.remarks else "",
    )


def accuracy_text(args: argparse.Namespace, results: list[dict[str, Any]]) -> str:
    """Return the part of the card on accuracy; empty where none was measured."""
    if not results:
        return ""
    one = results[0]
    return ACCURACY.format(
        games=args.games,
        count=f"{one['games']:,}",
        positions=f"{one['positions']:,}",
        protocol=one["protocol"],
        commands="\n".join(command(args, result) for result in results),
        rows="\n".join(map(figures_row, results)),
        phases="\n".join(map(phase_row, one["by_phase"])),
        ranks="\n".join(
            f"| {row['rank']} | {row['positions']:,} | {row['top1']:.2%} | {row['nll']:.3f} |"
            for row in one["by_rank"]
        ),
    )


def way_of(command: str) -> str:
    """Return how a player chooses its moves, by the command that it was started with."""
    found = re.search(r"--look-ahead \d+", command)
    return f"`{found[0]}`" if found else "its first choice"


def strength_text(args: argparse.Namespace, size: int) -> str:
    """Return the part of the card on matches; empty where none was played."""
    if not args.match:
        return ""
    rows = []
    for result in (json.loads(path.read_text()) for path in args.match):
        low, high = result["interval"]
        cells = (
            way_of(result["black"]),
            f"`{result['white']}`",
            f"{result['games']:,}",
            f"{result['wins']:,}",
            f"{low:.0%} to {high:.0%}",
        )
        rows.append(f"| {' | '.join(cells)} |")
    return STRENGTH.format(rows="\n".join(rows), name=args.name, size=size)


def training_text(folder: Path, run: dict[str, Any], info: Any) -> str:
    """Return what the network has learned from, in a sentence."""
    if run.get("kind") != "reinforce":
        return (
            f"{info.positions:,} positions, each turned by one of the 8 symmetries, drawn from a"
            f" store with the digest `{info.data[:16]}`."
        )
    log = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    games = [entry["games"] for entry in log if entry["kind"] == "play"][-1]
    return (
        f"`gopolicy reinforce`, from `{run['config']['learning']['start']}` on: {games:,} games,"
        f" {info.positions:,} decisions learned from."
    )


def figures_row(result: dict[str, Any]) -> str:
    """Return one row of the table of accuracy."""
    low, high = result["top1_interval"]
    return (
        f"| {result['symmetries']} | {result['precision']} | {result['top1']:.2%} |"
        f" {low:.2%} to {high:.2%} |"
        f" {result['top5']:.2%} | {result['top10']:.2%} | {result['top1_legal']:.2%} |"
        f" {result['nll']:.4f} | {result['mean_rank']:.2f} | {result['calibration_error']:.4f} |"
    )


def command(args: argparse.Namespace, result: dict[str, Any]) -> str:
    """Return the command that measures a result again."""
    how = f"--symmetries {result['symmetries']} --precision {result['precision']}"
    return f"gopolicy evaluate {args.archive} --weights {args.name} {how} --json"


def phase_row(row: dict[str, Any]) -> str:
    """Return one row of the table of phases."""
    last = row["last_move"]
    moves = f"{row['first_move']} on" if last is None else f"{row['first_move']} to {last}"
    return f"| {moves} | {row['positions']:,} | {row['top1']:.2%} | {row['nll']:.3f} |"


if __name__ == "__main__":
    raise SystemExit(main())
