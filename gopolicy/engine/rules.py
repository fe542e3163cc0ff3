"""Rule sets by name: what may be repeated, whether suicide is allowed, and what counts."""

from dataclasses import dataclass, replace

from gopolicy.engine.playouts import Scoring
from gopolicy.errors import ConfigError
from gopolicy.go.superko import Superko


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the referee of a game goes by."""

    superko: Superko = "positional"
    suicide: bool = False
    scoring: Scoring = "area"


CHINESE = Rules()
JAPANESE = Rules(superko="none", scoring="territory")
AGA = Rules(superko="situational")
NEW_ZEALAND = Rules(superko="situational", suicide=True)
TROMP_TAYLOR = Rules(suicide=True)

_BY_NAME = {
    "aga": AGA,
    "bga": AGA,
    "chinese": CHINESE,
    "chinese-kgs": CHINESE,
    "chinese-ogs": AGA,
    "french": AGA,
    "japanese": JAPANESE,
    "korean": JAPANESE,
    "new-zealand": NEW_ZEALAND,
    "tromp-taylor": TROMP_TAYLOR,
}


def rules_named(name: str) -> Rules:
    """Return the rules with a name such as chinese or tromp-taylor; ConfigError for others.

    >>> rules_named("New_Zealand").suicide
    True
    """
    try:
        return _BY_NAME[name.lower().replace("_", "-").replace("trompt", "tromp")]
    except KeyError:
        raise ConfigError(f"expected rules from {', '.join(sorted(_BY_NAME))}") from None


def rule_names() -> list[str]:
    """Return the names of the rule sets, sorted."""
    return sorted(_BY_NAME)


_KO = {"SIMPLE": "none", "POSITIONAL": "positional", "SITUATIONAL": "situational"}
_SCORING = {"AREA": "area", "TERRITORY": "territory"}
_SUICIDE = {"true": True, "false": False}


def with_rule(rules: Rules, key: str, value: str) -> Rules:
    """Return rules with one of them changed, named and valued as KataGo does.

    >>> with_rule(CHINESE, "ko", "SIMPLE").superko
    'none'
    """
    change: dict[str, object]
    if key == "ko" and value.upper() in _KO:
        change = {"superko": _KO[value.upper()]}
    elif key in ("scoring", "scoringRule") and value.upper() in _SCORING:
        change = {"scoring": _SCORING[value.upper()]}
    elif key in ("suicide", "multiStoneSuicideLegal") and value.lower() in _SUICIDE:
        change = {"suicide": _SUICIDE[value.lower()]}
    elif _FIXED.get(key, "").lower() != value.lower():
        raise ConfigError("expected one of the rules ko, scoring and suicide")
    else:
        change = {}
    return replace(rules, **change)  # type: ignore[arg-type]


_FIXED = {"tax": "NONE", "whiteHandicapBonus": "0", "hasButton": "false", "friendlyPassOk": "true"}
"""Rules of KataGo that have one value here."""


def describe_rules(rules: Rules) -> dict[str, object]:
    """Return the rules with the names and values that KataGo gives them."""
    ko = next(name for name, superko in _KO.items() if superko == rules.superko)
    return {
        "friendlyPassOk": True,
        "hasButton": False,
        "ko": ko,
        "scoring": rules.scoring.upper(),
        "suicide": rules.suicide,
        "tax": "NONE",
        "whiteHandicapBonus": "0",
    }
