"""Commands that KataGo and Leela Zero brought: rules, settings, and the bare network."""

import json

import numpy as np
from numpy.typing import NDArray

from gopolicy.engine.analysis import heat_rows
from gopolicy.engine.gtp import SYNTAX_ERROR, Arguments, GtpError, Handler, expect_count, integer
from gopolicy.engine.rules import Rules, describe_rules, rules_named, with_rule
from gopolicy.engine.session import Session
from gopolicy.errors import ConfigError
from gopolicy.go.symmetry import SYMMETRIES


def kata_commands(session: Session) -> dict[str, Handler]:
    """Return the commands."""

    def get_rules(arguments: Arguments) -> str:
        return json.dumps(describe_rules(session.rules), separators=(",", ":"))

    def set_rules(arguments: Arguments) -> str:
        session.set_rules(_read_rules(session.rules, " ".join(arguments)))
        return ""

    def set_rule(arguments: Arguments) -> str:
        expect_count(arguments, 2)
        session.set_rules(_changed(session.rules, arguments[0], arguments[1]))
        return ""

    def search(arguments: Arguments) -> str:
        expect_count(arguments, 1)
        return session.consider(session.color(arguments[0]))

    def raw_nn(arguments: Arguments) -> str:
        return _raw_network(session, arguments)

    def heatmap(arguments: Arguments) -> str:
        expect_count(arguments, 0, 1)
        for line in _heat(session, arguments[0] if arguments else "0"):
            session.remark(line)
        return ""

    def models(arguments: Arguments) -> str:
        return json.dumps([{"name": session.mind.describe()}])

    return {
        "kata-get-rules": get_rules,
        "kata-set-rules": set_rules,
        "kata-set-rule": set_rule,
        "kata-search": search,
        "kata-search_cancellable": search,
        "kata-raw-nn": raw_nn,
        "heatmap": heatmap,
        "kata-get-models": models,
        **_setting_commands(session),
    }


def _setting_commands(session: Session) -> dict[str, Handler]:
    """Return the commands that look at and change the player's settings."""

    def names(arguments: Arguments) -> str:
        return " ".join(session.mind.settings())

    def get(arguments: Arguments) -> str:
        expect_count(arguments, 1)
        settings = session.mind.settings()
        if arguments[0] not in settings:
            raise GtpError("unknown parameter")
        return setting_text(settings[arguments[0]])

    def change(arguments: Arguments) -> str:
        expect_count(arguments, 2)
        try:
            session.mind.change(arguments[0], arguments[1])
        except ConfigError as error:
            session.remark(f"kata-set-param: {error}")
            raise GtpError("unknown parameter or value") from error
        return ""

    return {"kata-list-params": names, "kata-get-param": get, "kata-set-param": change}


def setting_text(value: object) -> str:
    """Return the value of a setting as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_rules(rules: Rules, text: str) -> Rules:
    """Return the rules that a name or an object of JSON stands for."""
    if not text.startswith("{"):
        try:
            return rules_named(text)
        except ConfigError:
            raise GtpError("unknown rules") from None
    try:
        wanted = json.loads(text)
    except (ValueError, RecursionError):
        raise GtpError(SYNTAX_ERROR) from None
    for key, value in wanted.items():
        rules = _changed(rules, key, setting_text(value))
    return rules


def _changed(rules: Rules, key: str, value: str) -> Rules:
    """Return rules with one of them changed, or refuse."""
    try:
        return with_rule(rules, key, value)
    except ConfigError:
        raise GtpError("unknown rules") from None


def _raw_network(session: Session, arguments: Arguments) -> str:
    """Return what the network says of the position, for one symmetry or all of them.

    There is no value head: whoever is to move wins every other game, and no point has an owner.
    """
    words = list(arguments)
    color = session.board.to_move
    if len(words) == 2:
        color = session.color(words.pop(0))
    expect_count(words, 1)
    if words[0] == "all":
        numbers = range(SYMMETRIES)
    else:
        numbers = range(symmetry := integer(words[0]), symmetry + 1)
        if not 0 <= symmetry < SYMMETRIES:
            raise GtpError(SYNTAX_ERROR)
    session.think_about(session.size)
    blocks = []
    for symmetry in numbers:
        prior_a = session.mind.probabilities([session.board], [color], symmetry)[0]
        legal_a = session.board.legal_mask(color)
        blocks.append(_raw_block(symmetry, np.where(legal_a, prior_a, np.nan), session.size))
    return "\n".join(blocks)


_NO_VALUES = (
    *("whiteWin 0.500000", "whiteLoss 0.500000", "noResult 0.000000", "whiteLead 0.000"),
    *("whiteScoreSelfplay 0.000", "whiteScoreSelfplaySq 0.000", "varTimeLeft 0.000"),
    *("shorttermWinlossError 0.000", "shorttermScoreError 0.000"),
)


def _raw_block(symmetry: int, prior_a: NDArray[np.float32], size: int) -> str:
    """Return the lines of one symmetry; illegal points are NAN."""
    rows = [row.replace("nan", "NAN") for row in heat_rows(prior_a, size, ".6f")]
    nobody = heat_rows(np.zeros(size * size), size, ".6f")
    head = [f"symmetry {symmetry}", *_NO_VALUES, "policy"]
    return "\n".join([*head, *rows, "policyPass 0.000000", "whiteOwnership", *nobody])


def _heat(session: Session, which: str) -> list[str]:
    """Return the probabilities in thousandths as Leela Zero shows them.

    which is the number of a symmetry, or ``average`` or ``all`` for the mean of the eight.
    """
    session.think_about(session.size)
    numbers = list(range(SYMMETRIES)) if which in ("average", "all") else [integer(which)]
    if not all(0 <= number < SYMMETRIES for number in numbers):
        raise GtpError(SYNTAX_ERROR)
    color = session.board.to_move
    views = [session.mind.probabilities([session.board], [color], s)[0] for s in numbers]
    prior_a = np.where(session.board.legal_mask(color), np.mean(views, axis=0), 0)
    thousandths = np.rint(1000 * prior_a).astype(int)
    return [*heat_rows(thousandths, session.size, "3d"), "pass: 0", "winrate: 0.500000"]
