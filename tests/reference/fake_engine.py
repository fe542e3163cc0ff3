"""A small GTP engine with the faults that a match has to cope with; run as a program.

Arguments: a name, then one of ``normal``, ``resigns``, ``occupied``, ``nonsense``, ``crashes``,
``hangs``, ``refuses``, ``liar``, ``count-crashes``, ``count-hangs``; faults happen at its third
move, or when it is asked for the score.
"""

import random
import sys
import time

from go_twin import Spot, TwinGame  # type: ignore[import-not-found]  # beside this file, starts at once

COLORS = {"b": 1, "w": 2}
LETTERS = "ABCDEFGHJKLMNOPQRST"


class FakeEngine:
    def __init__(self, name: str, mode: str, seed: int) -> None:
        self.engine_name, self.mode = name, mode
        self.dice = random.Random(seed)
        self.board = TwinGame(9)
        self.moves = 0

    def answer(self, words: list[str]) -> str:
        handler = getattr(self, f"do_{words[0]}", None)
        return "? unknown command" if handler is None else "= " + handler(*words[1:])

    def do_name(self) -> str:
        return self.engine_name

    def do_version(self) -> str:
        return "1.0"

    def do_boardsize(self, size: str) -> str:
        self.board, self.moves = TwinGame(int(size)), 0
        return ""

    def do_clear_board(self) -> str:
        return self.do_boardsize(str(self.board.size))

    def do_komi(self, komi: str) -> str:
        return komi[:0]

    def do_play(self, color: str, vertex: str) -> str:
        if self.mode == "refuses" and self.moves == 2:
            raise ValueError
        self.board.play(self.spot(vertex), COLORS[color.lower()])
        return ""

    def do_final_score(self) -> str:
        if self.mode == "count-crashes":
            sys.exit("cannot count")
        if self.mode == "count-hangs":
            time.sleep(3)
        return "W+100" if self.mode == "liar" else f"B+{self.board.area(1)}"

    def do_genmove(self, color: str) -> str:
        self.moves += 1
        if self.moves == 3:
            if self.mode == "crashes":
                sys.exit("out of ideas")
            if self.mode == "hangs":
                time.sleep(60)
            faults = {"resigns": "resign", "nonsense": "Z99", "occupied": self.occupied()}
            if self.mode in faults:
                return faults[self.mode]
        spot = self.choice(COLORS[color.lower()])
        self.board.play(spot, COLORS[color.lower()])
        return self.vertex(spot)

    def occupied(self) -> str:
        return self.vertex(next(iter(self.board.stones), None))

    def choice(self, color: int) -> Spot | None:
        """Fill the board at random for a while, then pass."""
        spots = [(row, col) for row in range(self.board.size) for col in range(self.board.size)]
        legal = [spot for spot in spots if self.board.refusal(spot, color) is None]
        return None if not legal or self.moves > 8 else self.dice.choice(legal)

    def spot(self, vertex: str) -> Spot | None:
        if vertex == "pass":
            return None
        return self.board.size - int(vertex[1:]), LETTERS.index(vertex[0])

    def vertex(self, spot: Spot | None) -> str:
        return "pass" if spot is None else f"{LETTERS[spot[1]]}{self.board.size - spot[0]}"


def reply(text: str) -> None:
    sys.stdout.write(text + "\n\n")
    sys.stdout.flush()


def main(words: list[str]) -> None:
    name, mode = words[:2]
    engine = FakeEngine(name, mode, int(words[2]) if words[2:] else 0)
    for line in sys.stdin:
        command = line.split()
        if command[:1] == ["quit"]:
            reply("=")
            return
        try:
            reply(engine.answer(command))
        except ValueError:
            reply("? illegal move")


if __name__ == "__main__":
    main(sys.argv[1:])
