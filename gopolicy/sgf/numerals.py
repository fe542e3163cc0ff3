"""Numbers as people write them, spelled out in plain digits so that one pattern can read them."""

import re
import unicodedata

_DIGITS = {char: str(number) for number, char in enumerate("〇一二三四五六七八九")} | {"零": "0"}
_RUN = re.compile(f"[{''.join(_DIGITS)}十]+")
_TENS = re.compile(r"(\d?)十(\d?)")
_LIKE_MINUS, _LIKE_SLASH, _TIMES = "\u2212\u2013\u2014", "\u2044\u2215", "\u00d7"
_SIGNS = str.maketrans(
    dict.fromkeys(_LIKE_MINUS, "-") | dict.fromkeys(_LIKE_SLASH, "/") | {_TIMES: "x"}
)


def plain(text: str) -> str:
    """Return text in small letters, with ordinary digits, signs and fractions, and no outer space.

    >>> plain("６½"), plain("二〇〇六年十二月"), plain("5,5 Points")
    ('6 1/2', '2006年12月', '5,5 points')
    """
    if text.isascii():
        return text.lower().strip()
    spelled = "".join(f" {char}" if _is_fraction(char) else char for char in text)
    folded = unicodedata.normalize("NFKC", spelled).translate(_SIGNS).lower()
    return _RUN.sub(_in_digits, folded).strip()


def _is_fraction(char: str) -> bool:
    """Say whether a character stands for a fraction, which would run into the number before it."""
    return unicodedata.decomposition(char).startswith("<fraction>")


def _in_digits(match: re.Match[str]) -> str:
    """Return a number in Chinese characters in digits; one above 99 as it is."""
    run = "".join(_DIGITS.get(char, char) for char in match[0])
    tens = _TENS.fullmatch(run)
    if tens is None:
        return match[0] if "十" in run else run
    return str(10 * int(tens[1] or 1) + int(tens[2] or 0))
