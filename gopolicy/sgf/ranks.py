"""Ranks as people and servers write them, and as one number.

30 kyu to 1 kyu are -29 to 0, amateur 1 dan to 9 dan are 1 to 9, professional 1 dan to 9 dan are
11 to 19, so a higher number is always a stronger player.
"""

import re
import unicodedata

_PROFESSIONAL_OFFSET = 10
_NUMERALS = {c: str(n) for n, c in enumerate("〇一二三四五六七八九十")} | {"初": "1"}
_KYU = r"k|kyu|gup|級|级|급"
_DAN = r"d|dan|段|단"
_RANK = re.compile(
    rf"(?P<pro>p(?:ro)?)?\s*(?P<number>\d{{1,2}})\s*[.\-]?\s*"
    rf"(?:(?P<kyu>{_KYU})|(?P<dan>{_DAN})|(?P<suffix>p))(?:\s*(?P<tail>p|pro|professional))?"
    r"[\s?*+\-~]*"
)


def parse_rank(text: str) -> int | None:
    """Return the number of a rank such as ``6d``, ``9d?``, ``P9段`` or ``6 dan``, else None.

    >>> parse_rank("6d"), parse_rank("3k"), parse_rank("P9段"), parse_rank("strong")
    (6, -2, 19, None)
    """
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    plain = "".join(_NUMERALS.get(char, char) for char in plain)
    for word in ("amateur", "ama", "业余", "業余"):
        plain = plain.replace(word, "")
    for word in ("职业", "職業", "专业", "プロ", "pro."):
        plain = plain.replace(word, "p")
    match = _RANK.fullmatch(plain.strip("[]() "))
    if match is None:
        return None
    number = int(match["number"])
    if match["kyu"]:
        return 1 - number if 1 <= number <= 30 and not match["pro"] else None
    if not 1 <= number <= 9:
        return None
    professional = match["pro"] or match["suffix"] or match["tail"]
    return number + _PROFESSIONAL_OFFSET if professional else number


def rank_name(rank: int) -> str:
    """Return the usual short form of a rank number: ``6d``, ``3k``, ``9p``."""
    if rank > _PROFESSIONAL_OFFSET:
        return f"{rank - _PROFESSIONAL_OFFSET}p"
    return f"{rank}d" if rank >= 1 else f"{1 - rank}k"
