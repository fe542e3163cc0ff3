"""Make the sample games that the package ships: GNU Go plays itself, we write the SGFs.

The games are for the demo and the tests, so they only have to be real, complete and free.  Every
game is fixed by its number: it seeds GNU Go and the two to four opening moves, which are drawn from
the usual corner points so that no two games start alike.  Game 0 becomes `game.sgf` beside the
archive of all the others.  GNU Go must be installed (Debian: ``apt-get install gnugo``).  A run
that is stopped goes on where it was.

    python tools/make_sample_games.py --games 104 --out gopolicy/samples/games.zip
"""

import argparse
import random
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

SIZE = 19
KOMI = 7.5
LETTERS = "ABCDEFGHJKLMNOPQRST"
CORNER_POINTS = [(4, 4), (4, 4), (3, 4), (4, 3), (3, 3), (3, 5), (5, 3), (4, 5), (5, 4)]
MOVE_LIMIT = 450


class Game(NamedTuple):
    """A finished game: vertices as GTP writes them, and the result as SGF writes it."""

    level: int
    vertices: list[str]
    result: str


class GnuGo:
    """One GNU Go process, spoken to in GTP."""

    def __init__(self, command: str, level: int, seed: int) -> None:
        strength = ["--level", str(level), "--seed", str(seed)]
        rules = ["--chinese-rules", "--boardsize", str(SIZE), "--komi", str(KOMI)]
        self._process = subprocess.Popen(
            [command, "--mode", "gtp", *strength, *rules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, line: str) -> str:
        """Send one command and return its answer; raise if the engine refuses it."""
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the engine has no pipes")
        process.stdin.write(line + "\n")
        process.stdin.flush()
        status = process.stdout.readline()
        while process.stdout.readline().strip():
            pass
        if not status.startswith("="):
            raise RuntimeError(f"GNU Go answered {status.strip()!r} to {line!r}")
        return status[1:].strip()

    def close(self) -> None:
        """End the process."""
        self._process.communicate("quit\n")


def opening(rng: random.Random) -> list[str]:
    """Return two to four vertices, each on a usual point of another corner."""
    corners = rng.sample([(0, 0), (0, 1), (1, 0), (1, 1)], rng.randint(2, 4))
    vertices = []
    for flip_column, flip_row in corners:
        column, row = rng.choice(CORNER_POINTS)
        column = SIZE + 1 - column if flip_column else column
        row = SIZE + 1 - row if flip_row else row
        vertices.append(f"{LETTERS[column - 1]}{row}")
    return vertices


def play_game(command: str, level: int, number: int) -> Game:
    """Let GNU Go play game number against itself."""
    engine = GnuGo(command, level, seed=number)
    prepared = opening(random.Random(number))
    vertices: list[str] = []
    while len(vertices) < MOVE_LIMIT and vertices[-2:] != ["PASS", "PASS"]:
        color = "white" if len(vertices) % 2 else "black"
        if len(vertices) < len(prepared):
            vertex = prepared[len(vertices)]
            engine.ask(f"play {color} {vertex}")
        else:
            vertex = engine.ask(f"genmove {color}").upper()
        if vertex == "RESIGN":
            engine.close()
            return Game(level, vertices, "B+R" if color == "white" else "W+R")
        vertices.append(vertex)
    score = engine.ask("final_score")
    engine.close()
    return Game(level, vertices, score)


def sgf_point(vertex: str) -> str:
    """Return the SGF letters of a GTP vertex; a pass has none."""
    if vertex == "PASS":
        return ""
    column = LETTERS.index(vertex[0])
    return chr(ord("a") + column) + chr(ord("a") + SIZE - int(vertex[1:]))


def sgf_text(game: Game, number: int) -> str:
    """Write a game as SGF, ten moves to the line."""
    player = f"GNU Go 3.8 level {game.level}"
    head = (
        f"(;FF[4]GM[1]CA[UTF-8]SZ[{SIZE}]KM[{KOMI}]RU[Chinese]GN[sample {number:03d}]\n"
        f"PB[{player}]PW[{player}]RE[{game.result}]\n"
    )
    moves = [f";{'BW'[i % 2]}[{sgf_point(vertex)}]" for i, vertex in enumerate(game.vertices)]
    lines = ["".join(moves[i : i + 10]) for i in range(0, len(moves), 10)]
    return head + "\n".join(lines) + ")\n"


def read_zip(path: Path) -> dict[str, bytes]:
    """Return the members of a zip, or nothing where there is no file yet."""
    if not path.exists():
        return {}
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_zip(path: Path, members: dict[str, bytes]) -> None:
    """Write the members so that the same members always give the same bytes."""
    beside = path.with_suffix(".part")
    with zipfile.ZipFile(beside, "w") as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, members[name], compresslevel=9)
    beside.replace(path)


def main(argv: Sequence[str] | None = None) -> int:
    """Play the games that are missing and pack them all."""
    parser = argparse.ArgumentParser(description="Make the sample games with GNU Go.")
    parser.add_argument("--games", type=int, default=104, help="games in all")
    parser.add_argument("--out", type=Path, default=Path("gopolicy/samples/games.zip"))
    parser.add_argument("--level", type=int, default=1, help="GNU Go's level, 0 to 10")
    parser.add_argument("--gnugo", default="gnugo", help="the engine's command")
    args = parser.parse_args(argv)
    single = args.out.with_name("game.sgf")
    if not single.exists():
        single.write_text(sgf_text(play_game(args.gnugo, args.level, 0), 0), "utf-8")
    members = read_zip(args.out)
    for number in range(1, args.games + 1):
        name = f"sample-{number:03d}.sgf"
        if name in members:
            continue
        game = play_game(args.gnugo, args.level, number)
        members[name] = sgf_text(game, number).encode()
        write_zip(args.out, members)
        print(f"{name}: {len(game.vertices)} moves, {game.result}", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
