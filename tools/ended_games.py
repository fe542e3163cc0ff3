"""How well engines end games: people's finished games, counted and played on by GTP engines.

    python tools/ended_games.py sample ARCHIVES --seed 14 --years 2001 2002 --out two.tsv
    python tools/ended_games.py count ARCHIVES --sample tools/ended_games/all.tsv
    python tools/ended_games.py count ARCHIVES --sample two.tsv --engine "gnugo --mode gtp"
    python tools/ended_games.py finish ARCHIVES --sample tools/ended_games/japanese.tsv

A sample is a list of names and rules, not of games.  Taken are games of 19x19 with komi, more than
150 moves and a number of points as their result.  Records that do not name their rules are of
servers that have one rule set each.

``count`` asks for `final_score` and compares it with the record.  ``finish`` asks for moves from
the final position until both sides have passed, and compares the count before and after.
"""

import argparse
import json
import re
import shlex
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from gopolicy.errors import ConfigError, GoPolicyError
from gopolicy.go.board import Board
from gopolicy.go.rules import rules_named
from gopolicy.gtp.client import EngineProcess
from gopolicy.sgf.archive import iter_archive
from gopolicy.sgf.read import parse_games
from gopolicy.sgf.record import GameRecord

FEWEST_MOVES = 150
RESULT = re.compile(r"([BW])\+(\d+(?:\.\d+)?)")
HAS_POINTS = re.compile(rb"RE\s*\[\s*[BW]\+\s*\d")
YEAR = re.compile(rb"DT\s*\[[^\]]*?((?:19|20)\d\d)")
RULES_OF_SERVERS = {"!tom-": "Chinese", "!tygem-": "Korean"}
"""By the beginning of a file's name, where the record does not say."""
PATIENCE = 300.0
LONGEST = 200
"""Moves after which a game that is played on counts as endless."""
Ask = Callable[[EngineProcess, GameRecord], dict[str, Any]]
OURS = f"{shlex.quote(sys.executable)} -m gopolicy gtp"


def margin_of(result: str) -> float | None:
    """Return the points that Black is ahead by a result such as B+3.5, None for another kind."""
    match = RESULT.fullmatch(result.strip())
    if match is None:
        return 0.0 if result.strip() == "0" else None
    return float(match[2]) * (1 if match[1] == "B" else -1)


def rules_of(game: GameRecord) -> str:
    """Return the rules of a game by its record or its server; empty where nobody knows."""
    server = next((r for start, r in RULES_OF_SERVERS.items() if start in game.name), "")
    text = game.rules or server
    try:
        rules_named(text)
    except ConfigError:
        return ""
    return text


def is_finished(game: GameRecord) -> bool:
    """Return whether a record is one that can be counted."""
    counted = margin_of(game.result) not in (None, 0.0) and game.komi is not None
    if not counted or game.size != 19 or game.moves <= FEWEST_MOVES or not rules_of(game):
        return False
    try:
        Board.from_events(game.size, game.events)
    except GoPolicyError:
        return False
    return True


def files_in(folders: list[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of every file with a number as its result."""
    for folder in folders:
        for member in iter_archive(folder):
            if isinstance(member, tuple) and HAS_POINTS.search(member[1]):
                yield member


def record_in(name: str, data: bytes) -> GameRecord | None:
    """Return the record of the first game of a file, None where there is none."""
    game = next(iter(parse_games(data, name)), None)
    return game if isinstance(game, GameRecord) else None


def sample(args: argparse.Namespace) -> None:
    """Write a list of games: so many of each year, those first in an order drawn by a seed."""
    files: dict[str, list[tuple[str, str, bytes]]] = defaultdict(list)
    for name, data in tqdm(files_in(args.archives), unit="files", mininterval=20):
        year = YEAR.search(data)
        if year and year[1].decode() in args.years:
            of_year = files[year[1].decode()]
            of_year.append((sha256(f"{args.seed} {name}".encode()).hexdigest(), name, data))
            if len(of_year) > 100 * args.each:
                of_year.sort()
                del of_year[10 * args.each :]
    lines = []
    for year in args.years:
        names = list(islice(fit_files(sorted(files[year]), args.scoring), args.each))
        if len(names) < args.each:
            raise SystemExit(f"{year}: {len(names)} games, expected {args.each}")
        lines += sorted(names)
    args.out.write_text("".join(lines), encoding="utf-8")


def fit_files(files: list[tuple[str, str, bytes]], scoring: list[str]) -> Iterator[str]:
    """Yield the lines of those games that can be counted."""
    for _, name, data in files:
        game = record_in(name, data)
        if game and is_finished(game) and rules_named(rules_of(game)).scoring in scoring:
            yield f"{name}\t{rules_of(game)}\n"


def read_sample(path: Path, folders: list[Path]) -> list[tuple[str, str, bytes, GameRecord]]:
    """Return name, rules, bytes and record of the games of a list, in its order."""
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    rules = dict(line for line in lines)
    found = {}
    for name, data in files_in(folders):
        game = record_in(name, data) if name in rules else None
        if game is not None:
            found[name] = (name, rules[name], data, game)
    missing = [name for name in rules if name not in found]
    if missing:
        raise SystemExit(f"{missing[0]}: not in the archives, and {len(missing) - 1} games more")
    return [found[name] for name in rules]


def load(engine: EngineProcess, file: Path, rules: str) -> None:
    """Put a game into an engine, under rules where it knows how to change them."""
    engine.ask(f"loadsgf {file}", PATIENCE)
    if engine.ask("known_command kata-set-rules", PATIENCE) == "true":
        engine.ask(f"kata-set-rules {rules}", PATIENCE)


def command_for(command: str, rules: str) -> list[str]:
    """Return the words that start an engine; GNU Go is told the rules this way."""
    words = shlex.split(command)
    if "gnugo" in Path(words[0]).name:
        territory = rules_named(rules).scoring == "territory"
        words.append("--japanese-rules" if territory else "--chinese-rules")
    return words


class Engines:
    """The processes of one engine, one for every way to start it."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._running: dict[tuple[str, ...], EngineProcess] = {}

    def for_rules(self, rules: str) -> EngineProcess:
        """Return the process that counts by the rules."""
        words = tuple(command_for(self._command, rules))
        if words not in self._running:
            self._running[words] = EngineProcess(words)
        return self._running[words]

    def close(self) -> None:
        """End them."""
        for engine in self._running.values():
            engine.close()


def ask_each(args: argparse.Namespace, ask: Ask) -> list[dict[str, Any]]:
    """Return what an engine says of each game of a list; written to a file too if one is named."""
    games = read_sample(args.sample, args.archives)
    engines, rows = Engines(args.engine), []
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name, rules, data, game in tqdm(games, unit="games", mininterval=10):
                file = Path(folder, "game.sgf")
                file.write_bytes(data)
                engine = engines.for_rules(rules)
                load(engine, file, rules)
                rows.append({"name": name, "rules": rules, **ask(engine, game)})
    finally:
        engines.close()
    if args.json:
        args.json.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return rows


def final_score(engine: EngineProcess) -> float:
    """Return the margin by which Black is ahead as an engine counts."""
    said = engine.ask("final_score", PATIENCE).split()
    margin = margin_of(said[0] if said else "")
    if margin is None:
        raise SystemExit(f"expected a score, got {' '.join(said)!r}")
    return margin


def count_one(engine: EngineProcess, game: GameRecord) -> dict[str, Any]:
    """Return what the record says and what the engine counts."""
    start = time.monotonic()
    counted = final_score(engine)
    seconds = time.monotonic() - start
    return {"record": margin_of(game.result), "counted": counted, "seconds": seconds}


def finish_one(engine: EngineProcess, game: GameRecord) -> dict[str, Any]:
    """Return the moves that an engine plays from the end of a game, and the counts around them."""
    before = final_score(engine)
    color = Board.from_events(game.size, game.events).to_move
    moves: list[str] = []
    start = time.monotonic()
    while moves[-2:] != ["pass", "pass"] and len(moves) < LONGEST:
        moves.append(engine.ask(f"genmove {color.name.lower()}", PATIENCE).lower())
        color = color.opponent
    seconds = (time.monotonic() - start) / len(moves)
    return {"before": before, "after": final_score(engine), "moves": moves, "seconds": seconds}


def count(args: argparse.Namespace) -> None:
    """Compare an engine's counts with the records."""
    rows = ask_each(args, count_one)
    off = [abs(row["counted"] - row["record"]) for row in rows]
    winners = sum(row["counted"] * row["record"] > 0 for row in rows)
    points = sum(each < 0.1 for each in off)
    seconds = sum(row["seconds"] for row in rows) / len(rows)
    print(f"{len(rows)} games: winner {winners}, points {points}, {seconds:.2f} s each")
    print(f"more than 10 points off: {sum(each > 10 for each in off)}")
    for row, each in zip(rows, off, strict=True):
        if each >= 0.1:
            print(row["name"], row["rules"], f"record {row['record']} counted {row['counted']}")


def finish(args: argparse.Namespace) -> None:
    """Let an engine play on from final positions."""
    rows = ask_each(args, finish_one)
    at_once = sum(row["moves"][0] == "pass" for row in rows)
    same = sum(row["before"] == row["after"] for row in rows)
    seconds = sum(row["seconds"] for row in rows) / len(rows)
    print(f"{len(rows)} games: {at_once} passed at once, {same} with the same count after")
    print(f"{seconds:.3f} s for a move")
    for row in rows:
        if row["moves"] != ["pass", "pass"]:
            print(row["name"], f"before {row['before']} after {row['after']}", *row["moves"])


def main() -> None:
    """Run the tool."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    actions = parser.add_subparsers(required=True)
    for name, action in {"sample": sample, "count": count, "finish": finish}.items():
        sub = actions.add_parser(name, help=action.__doc__)
        sub.set_defaults(action=action)
        sub.add_argument("archives", type=Path, nargs="+")
        if name == "sample":
            sub.add_argument("--seed", type=int, required=True)
            sub.add_argument("--out", type=Path, required=True)
            sub.add_argument("--years", nargs="+", required=True)
            sub.add_argument("--each", type=int, default=10, help="games of each year")
            sub.add_argument("--scoring", nargs="+", default=["area", "territory"])
        else:
            sub.add_argument("--sample", type=Path, required=True, help="a list of this tool's")
            sub.add_argument("--engine", default=OURS, help="its command (default: gopolicy gtp)")
            sub.add_argument("--json", type=Path, help="a file to write every answer to")
    args = parser.parse_args()
    args.action(args)


if __name__ == "__main__":
    try:
        main()
    except GoPolicyError as error:
        raise SystemExit(f"ended_games: {error}") from None
