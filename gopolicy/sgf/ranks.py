"""Ranks as people and servers write them, and as one number.

30 kyu to 1 kyu are -29 to 0, amateur 1 dan to 9 dan are 1 to 9, professional 1 dan to 9 dan are
11 to 19, so a higher number is always a stronger player.
"""

import re

from gopolicy.sgf.numerals import plain

_PROFESSIONAL_OFFSET = 10
_KYU = r"k|kyu|gup|級|级|급"
_DAN = r"d|dan|段|단"
_PRO = r"p(?:ro(?:fessional)?)?"
_RANK = re.compile(
    rf"(?P<before>{_PRO})?[\s.\-]*(?P<number>\d{{1,2}})\s*[.\-]?\s*"
    rf"(?:(?P<kyu>{_KYU})|(?P<dan>{_DAN}))?\s*(?P<behind>{_PRO})?[\s?*+\-~]*"
)
_AMATEUR = ("amateur", "ama", "业余", "業余", "業餘", "アマ", "아마")
_PROFESSIONAL = ("职业", "職業", "专业", "專業", "プロ", "프로")


def parse_rank(text: str) -> int | None:
    """Return the number of a rank such as ``6d``, ``9d?``, ``P9`` or ``6 dan``, else None.

    >>> parse_rank("6d"), parse_rank("3k"), parse_rank("P9"), parse_rank("strong")
    (6, -2, 19, None)
    """
    said = plain(text).replace("初", "1")
    for word in _AMATEUR:
        said = said.replace(word, "")
    for word in _PROFESSIONAL:
        said = said.replace(word, "p")
    match = _RANK.fullmatch(said.strip("[]() "))
    if match is None:
        return None
    number, professional = int(match["number"]), match["before"] or match["behind"]
    if match["kyu"]:
        return 1 - number if 1 <= number <= 30 and not professional else None
    if not 1 <= number <= 9:
        return None
    if professional:
        return number + _PROFESSIONAL_OFFSET
    return number if match["dan"] else None


def rank_name(rank: int) -> str:
    """Return the usual short form of a rank number: ``6d``, ``3k``, ``9p``."""
    if rank > _PROFESSIONAL_OFFSET:
        return f"{rank - _PROFESSIONAL_OFFSET}p"
    return f"{rank}d" if rank >= 1 else f"{1 - rank}k"
