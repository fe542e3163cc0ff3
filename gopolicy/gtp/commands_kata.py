"""Commands that KataGo and Leela Zero brought: rules, settings, and the bare network."""

import json
from collections.abc import Mapping

import numpy as np

from gopolicy.errors import ConfigError
from gopolicy.go.rules import TROMP_TAYLOR, Rules, describe_rules, rules_named, with_rules
from gopolicy.go.symmetry import SYMMETRIES
from gopolicy.go.types import Color
from gopolicy.gtp.candidates import heat_rows, shown_win_rate
from gopolicy.gtp.protocol import SYNTAX_ERROR, Arguments, GtpError, Handler, expect_count, integer
from gopolicy.gtp.session import Session
from gopolicy.policy.outlook import Outlook


def kata_commands(session: Session) -> dict[str, Handler]:
    """Return the commands."""

    def get_rules(arguments: Arguments) -> str:
        return json.dumps(describe_rules(session.rules), separators=(",", ":"))

    def set_rules(arguments: Arguments) -> str:
        session.set_rules(_read_rules(" ".join(arguments)))
        return ""

    def set_rule(arguments: Arguments) -> str:
        expect_count(arguments, 2)
        session.set_rules(_changed(session.rules, {arguments[0]: arguments[1]}))
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
        return json.dumps([{"name": session.bot.describe()}])

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
    def names(arguments: Arguments) -> str:
        return " ".join(session.bot.settings())

    def get(arguments: Arguments) -> str:
        expect_count(arguments, 1)
        settings = session.bot.settings()
        if arguments[0] not in settings:
            raise GtpError("unknown parameter")
        return setting_text(settings[arguments[0]])

    def change(arguments: Arguments) -> str:
        return change_setting(session, "kata-set-param", arguments)

    return {"kata-list-params": names, "kata-get-param": get, "kata-set-param": change}


def change_setting(session: Session, command: str, arguments: Arguments) -> str:
    """Change the setting that two arguments name; what is wrong with them is remarked."""
    expect_count(arguments, 2)
    try:
        session.bot.change(arguments[0], arguments[1])
    except ConfigError as error:
        session.remark(f"{command}: {error}")
        raise GtpError("unknown parameter or value") from error
    return ""


def setting_text(value: object) -> str:
    """Return the value of a setting as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_rules(text: str) -> Rules:
    """Return the rules that a name, a string of KataGo's or an object of JSON stands for.

    What the object leaves out is as in Tromp-Taylor rules, which is KataGo's way.
    """
    if not text.startswith("{"):
        try:
            return rules_named(text)
        except ConfigError as error:
            reason = str(error)
            unknown = reason.startswith("expected rules")
            raise GtpError("unknown rules" if unknown else reason) from None
    try:
        wanted = json.loads(text)
    except (ValueError, RecursionError):
        raise GtpError(SYNTAX_ERROR) from None
    return _changed(TROMP_TAYLOR, wanted)


def _changed(rules: Rules, wanted: Mapping[str, object]) -> Rules:
    try:
        return with_rules(rules, wanted)
    except ConfigError as error:
        raise GtpError(str(error)) from None


def _raw_network(session: Session, arguments: Arguments) -> str:
    """Return what the network says of the position, for one symmetry or all of them.

    Win rate, lead and owners are of the position alone, without what is said after the candidates,
    and the same for every symmetry: the network's, or by playouts where it has learned moves alone.
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
    outlook = session.bot.outlook(session.board_by_area(color), color)
    values = _value_lines(outlook)
    owners = heat_rows(outlook.ownership_for(Color.WHITE), session.size, ".6f")
    legal_a = session.board.legal_mask(color)
    blocks = []
    for symmetry in numbers:
        prior_a = session.bot.probabilities([session.board], [color], symmetry)[0]
        rows = heat_rows(np.where(legal_a, prior_a, np.nan), session.size, ".6f")
        policy = [row.replace("nan", "NAN") for row in rows]
        lines = [f"symmetry {symmetry}", *values, "policy", *policy, "policyPass 0.000000"]
        blocks.append("\n".join([*lines, "whiteOwnership", *owners]))
    return "\n".join(blocks)


def _value_lines(outlook: Outlook) -> list[str]:
    """Return the lines of win rate and points; 0 stands for what nothing here estimates."""
    wins, lead = shown_win_rate(outlook, Color.WHITE), outlook.lead_of(Color.WHITE)
    return [
        f"whiteWin {wins:.6f}",
        f"whiteLoss {1 - wins:.6f}",
        "noResult 0.000000",
        f"whiteLead {lead:.3f}",
        f"whiteScoreSelfplay {lead:.3f}",
        f"whiteScoreSelfplaySq {lead**2 + outlook.spread**2:.3f}",
        "varTimeLeft 0.000",
        "shorttermWinlossError 0.000",
        "shorttermScoreError 0.000",
    ]


def _heat(session: Session, which: str) -> list[str]:
    """Return the probabilities in thousandths as Leela Zero shows them.

    which is the number of a symmetry, or ``average`` or ``all`` for the mean of the eight.
    """
    session.think_about(session.size)
    numbers = list(range(SYMMETRIES)) if which in ("average", "all") else [integer(which)]
    if not all(0 <= number < SYMMETRIES for number in numbers):
        raise GtpError(SYNTAX_ERROR)
    color = session.board.to_move
    views = [session.bot.probabilities([session.board], [color], s)[0] for s in numbers]
    prior_a = np.where(session.board.legal_mask(color), np.mean(views, axis=0), 0)
    thousandths = np.rint(1000 * prior_a).astype(int)
    wins = shown_win_rate(session.bot.outlook(session.board_by_area(color), color), color)
    return [*heat_rows(thousandths, session.size, "3d"), "pass: 0", f"winrate: {wins:.6f}"]
