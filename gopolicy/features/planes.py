"""The table of plane sets: what every input plane of a network means.

A plane set is a named list of plane groups.  Its name is stored with every weight file, so a
change of meaning needs a new name.

Source of the AlphaGo sets: Silver et al. 2016, Extended Data Table 2; the prefixes of 4, 12 and 20
planes are the ablations of Extended Data Table 3.  What the table leaves open is settled here:

- Integer features are one-hot: plane k of eight stands for k + 1, the last for 8 or more.
- Turns since: 1 is the last move.  A pass is a turn.  Setup stones count as 8 or more.
- Capture size, self-atari size and liberties after move describe each legal move (simple ko, no
  suicide) of the side to move; nothing captured, or no self-atari, leaves all eight planes 0.
- Self-atari size: stones of the own chain, the new one included, if it is left with one liberty.
- Ladder capture and escape are read to the end, within a budget far beyond real games;
  `gopolicy.go.ladder_reading_kernels` says what is read.
- Sensibleness: legal, and not an own eye.  An own eye is a point whose neighbors are all own
  stones and whose diagonal points hold at most one opponent stone, none if it is on the edge.
"""

from dataclasses import dataclass
from types import MappingProxyType

from gopolicy.errors import ConfigError


@dataclass(frozen=True, slots=True)
class PlaneGroup:
    """A run of planes with one meaning."""

    name: str
    count: int
    meaning: str


GROUPS = (
    PlaneGroup("stone color", 3, "own stone, opponent stone, empty"),
    PlaneGroup("ones", 1, "1 everywhere"),
    PlaneGroup("turns since", 8, "turns since the stone here was played: 1 to 7, 8 or more"),
    PlaneGroup("liberties", 8, "liberties of the chain here: 1 to 7, 8 or more"),
    PlaneGroup("capture size", 8, "opponent stones a move here captures: 1 to 7, 8 or more"),
    PlaneGroup("self-atari size", 8, "own stones a move here leaves in atari: 1 to 7, 8 or more"),
    PlaneGroup("liberties after move", 8, "liberties of the chain a move here makes: 1 to 7, 8+"),
    PlaneGroup("ladder capture", 1, "a move here catches a chain in a ladder"),
    PlaneGroup("ladder escape", 1, "a move here saves a chain from a ladder"),
    PlaneGroup("sensibleness", 1, "a move here is legal and does not fill an own eye"),
    PlaneGroup("zeros", 1, "0 everywhere"),
    PlaneGroup("stones", 1, "black +1, white -1, empty 0"),
    PlaneGroup("black to move", 1, "+1 everywhere if Black is to move, else -1 everywhere"),
)


@dataclass(frozen=True, slots=True)
class PlaneSet:
    """A named, ordered list of plane groups."""

    name: str
    groups: tuple[PlaneGroup, ...]

    @property
    def count(self) -> int:
        """The number of planes."""
        return sum(group.count for group in self.groups)

    def first(self, group_name: str) -> int:
        """Return the index of the first plane of a group, -1 if the set does not have it."""
        index = 0
        for group in self.groups:
            if group.name == group_name:
                return index
            index += group.count
        return -1

    def describe(self, plane: int) -> str:
        """Return what one plane means.

        >>> PLANE_SETS["alphago48"].describe(17)
        'liberties (6 of 8): liberties of the chain here: 1 to 7, 8 or more'
        """
        for group in self.groups:
            if plane < group.count:
                part = f" ({plane + 1} of {group.count})" if group.count > 1 else ""
                return f"{group.name}{part}: {group.meaning}"
            plane -= group.count
        raise IndexError(f"plane set {self.name} has {self.count} planes")


_ALPHAGO = GROUPS[:11]
PLANE_SETS = MappingProxyType(
    {
        plane_set.name: plane_set
        for plane_set in (
            PlaneSet("stones", GROUPS[11:]),
            PlaneSet("alphago4", _ALPHAGO[:2]),
            PlaneSet("alphago12", _ALPHAGO[:3]),
            PlaneSet("alphago20", _ALPHAGO[:4]),
            PlaneSet("alphago48", _ALPHAGO),
        )
    }
)


def plane_set(name: str) -> PlaneSet:
    """Return a plane set by name; `ConfigError` if there is none."""
    if name not in PLANE_SETS:
        raise ConfigError(f"no plane set '{name}'; there are {', '.join(PLANE_SETS)}")
    return PLANE_SETS[name]
