"""What a game record says about itself, read with patience.

Nothing here refuses a game: what cannot be understood is left unknown, and is never half read.
"""

import re

from sgfmill import sgf_grammar

from gopolicy.go.types import Color
from gopolicy.sgf.numerals import plain

DEFAULT_SIZE = 19
_SIZE = re.compile(r"\+?(\d{1,3})(?:\.0*)?\s*(?:(?:[:x*]|by)\s*(\d{1,3})\s*)?(?:路盤?|줄|lines?)?")

_LARGEST_KOMI, _LARGEST_IN_STONES = 100.0, 5.0
_PARTS_OF = re.compile(r"(\d+)分[之の](\d+)")
_HALF_BEHIND = re.compile(r"(?<=\d)\s*(目|子|집)\s*[半반]")
_HALF_ALONE = re.compile(r"(?<![\d目子집])[半반]\s*(?=目|子|집)")
_KOMI = re.compile(
    r"(?:komi|コミ|덤|(?:黑|黒|先番)?(?:贴|貼|コミ)?目?)\s*[:=]?\s*(?P<sign>[-+])?\s*"
    r"(?:(?P<whole>\d{1,3}(?=[^\d/.,]))?\s*(?:又|-)?\s*(?P<part>\d)/(?P<parts>[24])|"
    r"(?P<decimal>\d{1,6}\.\d{0,9}|\d{1,6},\d{1,2}|[.,]\d{1,9})|(?P<integer>\d{1,6}))"
    r"\s*(?P<unit>points?|pts?\.?|moku|目|点|點|집|子)?\s*(?:コミ(?:出し)?)?"
)

_HANDICAP_WORDS = {
    word: number
    for number, words in {
        2: "two 두",
        3: "three 세",
        4: "four 네",
        5: "five 다섯",
        6: "six 여섯",
        7: "seven 일곱",
        8: "eight 여덟",
        9: "nine 아홉",
    }.items()
    for word in words.split()
}
_HANDICAP = re.compile(
    r"(?:h|ha|handicap|让|讓|受|置)?\s*:?\s*"
    rf"(?:\+?(?P<number>\d{{1,3}})(?:\.0*)?|(?P<word>{'|'.join(_HANDICAP_WORDS)}))"
    r"\s*(?:(?:handicap\s*)?stones?|handicap|子|점|目)?\s*局?"
)

_COLORS = {
    Color.BLACK: r"b(?:lack)?\b|b(?=\d)|黑[方棋]?|黒番?|흑",
    Color.WHITE: r"w(?:hite)?\b|w(?=\d)|白[方棋番]?|백",
}
_CLAIMS = {
    color: re.compile(rf"(?:{words})\s*(?P<claim>.*)", re.DOTALL)
    for color, words in _COLORS.items()
}
_WINS = re.compile(r"\bwins?\b|\bwon\b|\bby\b|胜|勝|승|\A\+")
_SEEMS_TO_WIN = re.compile(r"中[盘盤押]|불계|半目|\A\d|\A\Z")
_LOSES = re.compile(
    r"resigns|resigned|los[et]|forfeits|forfeited|timed out|time ran out|"
    r"负|負|败|敗|认输|認輸|投了|投降|弃权|棄權|超时|超時|时间切|時間切|패"
)

_MARGIN = re.compile(r"(?P<color>[bw])\+(?P<points>\d{1,3}(?:\.\d{1,2})?)")

_LONGEST_TEXT = 200
_LONGEST_RAW = 10 * _LONGEST_TEXT


def simple_text(raw: bytes, encoding: str = "utf-8") -> str:
    """Return a raw property value as the text it stands for: one line, printable, not endless."""
    raw = raw[:_LONGEST_RAW]
    if b"\\" in raw:
        raw = sgf_grammar.simpletext_value(raw)
    text = " ".join(raw.decode(encoding, "replace").split())
    if not text.isprintable():
        text = " ".join("".join(filter(str.isprintable, text)).split())
    return text[:_LONGEST_TEXT].rstrip()


def read_size(text: str) -> tuple[int, int] | None:
    """Return the columns and rows of SZ, or None for a number that cannot be read.

    A text without any number says nothing: that is an ordinary board.

    >>> read_size("19"), read_size("19:19"), read_size("13:9"), read_size("big"), read_size("9-13")
    ((19, 19), (19, 19), (13, 9), (19, 19), None)
    """
    said = plain(text)
    match = _SIZE.fullmatch(said)
    if match is not None:
        return int(match[1]), int(match[2] or match[1])
    return None if re.search(r"\d", said) else (DEFAULT_SIZE, DEFAULT_SIZE)


def read_komi(text: str, application: str = "") -> float | None:
    """Return KM in points, or None.

    Whole numbers from 100 on are hundredths (``650`` is 6.5).  Quarters only occur in Chinese
    counting, where komi is written as the stones (子) that change hands: ``3.75``, and Fox's
    ``375``, are 7.5 points.  Where the application (AP) is Fox's, smaller whole numbers are
    hundredths, too: ``50`` is half a point.

    >>> read_komi("6.5 points"), read_komi("6½"), read_komi("375"), read_komi(""), read_komi("6-7")
    (6.5, 6.5, 7.5, None, None)
    """
    said = _PARTS_OF.sub(r"\2/\1", plain(text))
    said = _HALF_ALONE.sub("1/2", _HALF_BEHIND.sub(r" 1/2\1", said))
    match = _KOMI.fullmatch(said)
    if match is None:
        return None
    if match["part"]:
        part, parts = int(match["part"]), int(match["parts"])
        komi = int(match["whole"] or 0) + part / parts if part < parts else _LARGEST_KOMI + 1
    else:
        komi = float((match["decimal"] or match["integer"]).replace(",", "."))
    if match["integer"] and (komi >= _LARGEST_KOMI or application.lower().startswith("foxwq")):
        komi /= 100
    if match["unit"] == "子" or (komi * 4) % 2 == 1:
        komi = 2 * komi if komi <= _LARGEST_IN_STONES else _LARGEST_KOMI + 1
    if komi > _LARGEST_KOMI:
        return None
    return -komi if match["sign"] == "-" else komi


def read_handicap(text: str) -> int:
    """Return HA as a number of stones; 0 where it cannot be read, and for one, which is no stone.

    >>> read_handicap("4"), read_handicap("four"), read_handicap("many"), read_handicap("1")
    (4, 4, 0, 0)
    """
    match = _HANDICAP.fullmatch(plain(text))
    if match is None:
        return 0
    number = int(match["number"]) if match["number"] else _HANDICAP_WORDS[match["word"]]
    return number if number > 1 else 0


def read_winner(text: str) -> Color | None:
    """Return who won by RE, or None if nobody did or nobody knows.

    >>> read_winner("W+3½"), read_winner("Black resigned"), read_winner("both lost")
    (<Color.WHITE: 2>, <Color.WHITE: 2>, None)
    """
    said = plain(text)
    for color, pattern in _CLAIMS.items():
        match = pattern.match(said)
        if match is not None:
            return _winner(color, match["claim"])
    return None


def read_margin(text: str) -> float | None:
    """Return by how many points Black won by RE, less than 0 for White's; None where it tells none.

    Only what the SGF standard has is understood, for the points are to be relied on.

    >>> read_margin("B+12.5"), read_margin("w+3"), read_margin("B+R"), read_margin("0")
    (12.5, -3.0, None, 0.0)
    """
    said = plain(text)
    if said in ("0", "draw", "jigo"):
        return 0.0
    match = _MARGIN.fullmatch(said)
    if match is None:
        return None
    return float(match["points"]) * (1 if match["color"] == "b" else -1)


def _winner(color: Color, claim: str) -> Color | None:
    """Return who won if claim is what is said about color: what it says first counts."""
    wins, loses = _WINS.search(claim), _LOSES.search(claim)
    if loses and not (wins and wins.start() < loses.start()):
        return color.opponent
    return color if wins or _SEEMS_TO_WIN.search(claim) else None
