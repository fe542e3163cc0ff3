"""Rule sets: by name in every spelling met, or rule by rule with KataGo's names and values."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from gopolicy.errors import ConfigError
from gopolicy.go.board import Board
from gopolicy.go.scoring import Score, Scoring, Tax, owners_by_area, territory_owners
from gopolicy.go.superko import Superko
from gopolicy.go.types import PASS, Color, Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the referee of a game goes by."""

    superko: Superko = "positional"
    suicide: bool = False
    scoring: Scoring = "area"
    tax: Tax = "NONE"
    """SEKI, for territory only, says that eyes in a seki are no points."""
    handicap_bonus: Literal["0", "N", "N-1"] = "0"
    """Points for White in a game with N handicap stones."""

    def bonus(self, stones: int) -> int:
        """Return the points that White gets for a number of handicap stones.

        >>> CHINESE.bonus(4), AGA.bonus(4), JAPANESE.bonus(4), AGA.bonus(0)
        (4, 3, 0, 0)
        """
        if stones == 0 or self.handicap_bonus == "0":
            return 0
        return stones if self.handicap_bonus == "N" else stones - 1

    def area_komi(self, board: Board, to_play: Color) -> float:
        """Return the komi with which counting area tells what counting by these rules would.

        to_play is who moves next, whom a record may name where the board does not know.

        By territory every stone that is placed costs a point at home, so stones beyond one a turn,
        such as those of a handicap, are worth that much less.  Where both placed as many, nothing
        changes.
        """
        return board.komi + self.extra_stones(board, to_play)

    def extra_stones(self, board: Board, to_play: Color) -> int:
        """Return how many points area gives Black for stones that by these rules are worth none.

        They are those that Black placed beyond White's, one a turn.  White is to have a stone more
        where it is White's turn; behind a pass the game is taken to end with another one.
        """
        if self.scoring == "area":
            return 0
        black, white = (
            int((board.stones == color).sum()) + board.captures[color.opponent]
            for color in (Color.BLACK, Color.WHITE)
        )
        due = to_play == Color.WHITE and board.last_move != PASS
        return black - white - int(due)

    def by_area(self, board: Board, to_play: Color) -> Board:
        """Return a copy of the board for a network, which counts area, with the `area_komi`."""
        other = board.copy()
        other.komi = self.area_komi(board, to_play)
        return other

    def recount(self, board: Board, before: Board, to_play: Color) -> None:
        """Change the komi of a board that moves have made of one from `by_area`, as by its place.

        before is that one, which was counted with to_play to move.
        """
        extra = self.extra_stones(board, board.to_move)
        board.komi = before.komi + extra - self.extra_stones(before, to_play)

    def score(self, board: Board, dead: Iterable[Point]) -> Score:
        """Return the score of a board with these stones dead, komi included."""
        if self.scoring == "territory":
            return board.territory_score(dead, tax=self.tax)
        return board.area_score(dead)

    def owners(self, stones: npt.NDArray[np.int8], dead: Iterable[Point]) -> npt.NDArray[np.int8]:
        """Return whose every point of stones [N, N] is, [N, N]: EMPTY, BLACK or WHITE.

        By territory a point under a living stone is nobody's.
        """
        if self.scoring == "territory":
            return territory_owners(stones, dead, tax=self.tax)
        return owners_by_area(stones, dead)


AREA = Rules()
"""Those of a game that names none."""
CHINESE = Rules(handicap_bonus="N")
JAPANESE = Rules(superko="none", scoring="territory", tax="SEKI")
AGA = Rules(superko="situational", handicap_bonus="N-1")
NEW_ZEALAND = Rules(superko="situational", suicide=True)
TROMP_TAYLOR = Rules(suicide=True)
_CHINESE_OGS = Rules(superko="situational", handicap_bonus="N")

_NAMES = {
    "Chinese": CHINESE,
    "Japanese": JAPANESE,
    "Korean": JAPANESE,
    "AGA": AGA,
    "NZ": NEW_ZEALAND,
    "Tromp-Taylor": TROMP_TAYLOR,
    "Ing": TROMP_TAYLOR,
    "Chinese-OGS": _CHINESE_OGS,
}
"""The rules by the names that SGF and others give them; the first of several is the usual one."""
_SPELLINGS = {
    "Chinese": "chinese china chn cn zh chinesekgs 中国 中國 中国大陆 중국",
    "Japanese": "japanese japan jpn jp ja nihon nihonkiin 日本 日本棋院 일본",
    "Korean": "korean korea kor kr 한국 韓国 韩国 韓國",
    "AGA": "aga american bga british french ffg",
    "NZ": "nz newzealand",
    "Tromp-Taylor": "tromptaylor trompttaylor tt",
    "Ing": "ing goe inggoe ingsst 应氏 應氏 応氏",
    "Chinese-OGS": "chineseogs",
}
_BY_SPELLING = {
    spelling: _NAMES[name] for name, words in _SPELLINGS.items() for spelling in words.split()
}
_NOT_SUPPORTED_BY_NAME = {
    "agabutton": "hasButton true",
    "ancient": "tax ALL",
    "ancientarea": "tax ALL",
    "ancientchinese": "tax ALL",
    "ancientterritory": "tax ALL",
    "stonescoring": "tax ALL",
}
_DRESSING = re.compile(
    r"(?:rules?|ruleset|规则|規則|ルール|棋规|棋規|式|규칙|룰)?(?:19|20)?\d{0,2}"
)
_LONGEST_NAME = 40
"""In letters, as in a name with a remark behind it."""
_KATAGO = re.compile(
    r"ko(?P<ko>[a-z]+)scor(?:e|ing)(?P<scoring>area|territory)(?:tax(?P<tax>[a-z]+?))?"
    r"(?:sui(?P<suicide>[01]))?(?:button(?P<hasButton>[01]))?"
    r"(?:whb(?P<whiteHandicapBonus>n-1|n|0))?(?:fpok(?P<friendlyPassOk>[01]))?"
    r"(?:komi-?[\d.]+)?",
    re.IGNORECASE,
)


def rules_named(text: str) -> Rules:
    """Return the rules that a text names; ConfigError, without the text in it, for others.

    Capitals, blanks and punctuation do not matter, nor a word for rules or a year behind the name.
    KataGo's strings are read too; as there, what they leave out is as in Tromp-Taylor.

    >>> rules_named("New_Zealand").suicide, rules_named("Japanese rules (1989)") == JAPANESE
    (True, True)
    >>> rules_named("koSITUATIONALscoreAREAtaxNONEsui0whbN-1") == AGA
    True
    """
    name = "".join(filter(str.isalnum, text.casefold()))
    for length in range(len(name), 0, -1) if len(name) <= _LONGEST_NAME else ():
        if not _DRESSING.fullmatch(name, length):
            continue
        if name[:length] in _BY_SPELLING:
            return _BY_SPELLING[name[:length]]
        if name[:length] in _NOT_SUPPORTED_BY_NAME:
            raise ConfigError(f"{_NOT_SUPPORTED_BY_NAME[name[:length]]} is not supported")
    match = _KATAGO.fullmatch("".join(text.split()))
    if match is None:
        raise ConfigError(f"expected rules from {', '.join(_NAMES)}")
    given = {key: value for key, value in match.groupdict().items() if value is not None}
    for key in ("suicide", "hasButton", "friendlyPassOk"):
        if key in given:
            given[key] = "true" if given[key] == "1" else "false"
    return with_rules(TROMP_TAYLOR, given)


_ALIASES = {"score": "scoring", "scoringRule": "scoring", "multiStoneSuicideLegal": "suicide"}
_FIELDS = {
    "ko": "superko",
    "scoring": "scoring",
    "suicide": "suicide",
    "tax": "tax",
    "whiteHandicapBonus": "handicap_bonus",
}
_VALUES: dict[str, dict[str, object]] = {
    "ko": {"SIMPLE": "none", "POSITIONAL": "positional", "SITUATIONAL": "situational"},
    "scoring": {"AREA": "area", "TERRITORY": "territory"},
    "suicide": {"true": True, "false": False},
    "tax": {"NONE": "NONE", "SEKI": "SEKI"},
    "whiteHandicapBonus": {"0": "0", "N": "N", "N-1": "N-1"},
    "hasButton": {"false": False},
    "friendlyPassOk": {"true": True},
}
"""For every rule of KataGo the values that there are here, and what they are called here."""
_NOT_SUPPORTED = {
    "ko": ("SPIGHT",),
    "tax": ("ALL",),
    "hasButton": ("true",),
    "friendlyPassOk": ("false",),
}


def with_rules(rules: Rules, wanted: Mapping[str, object]) -> Rules:
    """Return rules with some of them changed, named and valued as KataGo does.

    A tax that is not named follows the scoring: SEKI for territory, NONE for area.  Raises
    ConfigError, without anything of wanted in it, for what is unknown or not supported.

    >>> with_rules(CHINESE, {"ko": "SIMPLE", "suicide": True}).superko
    'none'
    """
    change: dict[str, object] = {}
    for said, value in wanted.items():
        key = _ALIASES.get(said, said)
        if key not in _VALUES:
            raise ConfigError(f"expected rules from {', '.join(_VALUES)}")
        read = _value(key, value)
        if key in _FIELDS:
            change[_FIELDS[key]] = read
    if "scoring" in change and "tax" not in change:
        change["tax"] = "SEKI" if change["scoring"] == "territory" else "NONE"
    changed = replace(rules, **change)  # type: ignore[arg-type]
    if changed.tax == "SEKI" and changed.scoring == "area":
        raise ConfigError("tax SEKI is not supported with scoring AREA")
    return changed


def _value(key: str, value: object) -> object:
    text = str(value).casefold() if isinstance(value, str | bool | int) else ""
    for known, read in _VALUES[key].items():
        if text == known.casefold():
            return read
    for known in _NOT_SUPPORTED.get(key, ()):
        if text == known.casefold():
            raise ConfigError(f"{key} {known} is not supported")
    raise ConfigError(f"expected {key} to be one of {', '.join(_VALUES[key])}")


def describe_rules(rules: Rules) -> dict[str, object]:
    """Return the rules with the names and values that KataGo gives them."""
    said: dict[str, object] = {"friendlyPassOk": True, "hasButton": False}
    for key, field in _FIELDS.items():
        value = getattr(rules, field)
        said[key] = next(name for name, read in _VALUES[key].items() if read == value)
    return dict(sorted(said.items())) | {"suicide": rules.suicide}


def rules_text(rules: Rules) -> str:
    """Return the name of the rules, or else KataGo's string of them; `rules_named` reads both.

    >>> rules_text(JAPANESE), rules_text(Rules())
    ('Japanese', 'koPOSITIONALscoreAREAtaxNONEsui0')
    """
    for name, known in _NAMES.items():
        if known == rules:
            return name
    said = describe_rules(rules)
    bonus = "" if rules.handicap_bonus == "0" else f"whb{rules.handicap_bonus}"
    return f"ko{said['ko']}score{said['scoring']}tax{said['tax']}sui{int(rules.suicide)}{bonus}"
