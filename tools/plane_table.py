"""Write the tables of plane sets into docs/planes.md, from the table that the encoder uses.

Run it as ``python tools/plane_table.py``; with ``--print`` it only shows them.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from gopolicy.features.planes import PLANE_SETS, PlaneSet

PAGE = Path(__file__).parent.parent / "docs" / "planes.md"
BLOCK = re.compile(r"(?<=<!-- planes: written by tools/plane_table.py -->\n).*(?=<!-- end)", re.S)


def set_rows() -> Iterator[str]:
    """Yield one line of the table of sets per set."""
    for name, plane_set in PLANE_SETS.items():
        groups = ", ".join(f"{group.name} {group.count}" for group in plane_set.groups)
        yield f"| `{name}` | {plane_set.count} | {groups} |"


def plane_rows(plane_set: PlaneSet) -> Iterator[str]:
    """Yield one line of the table of planes per group of a set."""
    for group in plane_set.groups:
        first = plane_set.first(group.name)
        last = first + group.count - 1
        numbers = f"{first}" if first == last else f"{first}-{last}"
        yield f"| {numbers} | {group.name} | {group.meaning} |"


def tables() -> str:
    """Return both tables as Markdown."""
    return "\n".join(
        [
            "| set | planes | groups of planes |",
            "|---|---|---|",
            *set_rows(),
            "",
            "| plane of `alphago48` | group | meaning |",
            "|---|---|---|",
            *plane_rows(PLANE_SETS["alphago48"]),
            "",
        ]
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables, or show them."""
    parser = argparse.ArgumentParser(description="Write the plane tables into docs/planes.md.")
    parser.add_argument("--print", action="store_true", help="only show them")
    if parser.parse_args(argv).print:
        print(tables(), end="")
        return 0
    text = PAGE.read_text("utf-8")
    PAGE.write_text(BLOCK.sub(lambda _: tables(), text), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
