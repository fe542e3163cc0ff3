"""Which networks of which sizes a comparison trains: the groups of every study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gopolicy.compare.matching import MEASURES, cost, match
from gopolicy.compare.network_spec import Group, NetworkSpec
from gopolicy.compare.subject import Subject
from gopolicy.errors import ConfigError
from gopolicy.settings import Setting

STUDIES = ("networks", "small-patterns", "same-pattern", "subsampling")
"""networks: each kind at equal size; the others are the three properties of the lecture."""
ON_BOARDS = ("small-patterns", "same-pattern")
"""Those that only games can answer."""
KERNELS = (3, 5, 7)
DEPTHS = (1, 2, 4, 6)
SUBSAMPLING = {
    "max": "max pooling",
    "stride": "stride 2",
    "none": "no subsampling",
    "global": "one mean per filter",
}

Settings = Mapping[str, Mapping[str, Setting]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """What a comparison is to train."""

    networks: Sequence[str] = ("alphago", "dense", "image")
    """By name; the sizes of the others follow that of the first."""
    studies: Sequence[str] = ("networks",)
    matches: Sequence[str] = MEASURES
    """What is made equal in the study of networks."""
    settings: Settings = field(default_factory=dict)
    """Settings by network."""


def make_groups(subject: Subject, options: PlanOptions) -> list[Group]:
    """Return the groups of the studies asked for; ConfigError for what does not fit together."""
    for study in options.studies:
        if study not in STUDIES:
            raise ConfigError(f"expected a study of {', '.join(STUDIES)}, got {study!r}")
    for measure in options.matches:
        if measure not in MEASURES:
            raise ConfigError(f"expected to match {' or '.join(MEASURES)}, got {measure!r}")
    makers = {
        "networks": _networks,
        "small-patterns": _small_patterns,
        "same-pattern": _same_pattern,
        "subsampling": _subsampling,
    }
    groups = []
    for study in STUDIES:
        if study in options.studies and (subject.key == "go" or study not in ON_BOARDS):
            groups += makers[study](subject, options)
    groups = [_without_defaults(subject, group) for group in groups]
    if not groups:
        raise ConfigError(f"the study {', '.join(options.studies)} needs games of Go: give --data")
    return groups


def _without_defaults(subject: Subject, group: Group) -> Group:
    """Leave out settings that say nothing, so that equal networks share their trainings."""
    specs = []
    for spec in group.specs:
        defaults = subject.defaults(spec.network)
        settings = {k: v for k, v in spec.settings.items() if defaults.get(k) != v}
        specs.append(replace(spec, settings=settings))
    return replace(group, specs=tuple(specs))


def _spec(options: PlanOptions, network: str, title: str, **more: Setting) -> NetworkSpec:
    settings = dict(options.settings.get(network, {})) | more
    return NetworkSpec(title=title, network=network, settings=settings)


def _networks(subject: Subject, options: PlanOptions) -> list[Group]:
    first = _spec(options, options.networks[0], options.networks[0])
    wanted = cost(subject, first)
    groups = []
    for measure in options.matches:
        words = measure.replace("_", "-")
        specs = [first]
        for name in options.networks[1:]:
            plain = _spec(options, name, name)
            found = match(subject, plain, measure, wanted.of(measure))
            specs.append(NetworkSpec(title=name, network=name, settings=found.settings))
        groups.append(
            Group(
                key=f"equal-{words}",
                title=f"Equal {words}",
                question=f"Which network learns most from the same {subject.example}s if all have"
                f" about as many {words} as {first.title} ({wanted.of(measure):,})?",
                specs=tuple(specs),
                reference=first.title,
                matched=measure,
            )
        )
    return groups


def _small_patterns(subject: Subject, options: PlanOptions) -> list[Group]:
    kernels = [_spec(options, "alphago", f"{k}x{k} first", first_kernel=k) for k in KERNELS]
    base = subject.build(_spec(options, "alphago", "")).settings["layers"]
    depths = sorted({*DEPTHS, int(base)})
    layers = [
        _spec(options, "alphago", f"{n} layer{'s' if n > 1 else ''}", layers=n) for n in depths
    ]
    return [
        Group(
            key="first-layer",
            title="Small patterns: the first layer",
            question="Patterns are smaller than the board: how large should the filters of the"
            " first layer be? All else is equal; parameters and multiply-adds follow.",
            specs=tuple(kernels),
            reference="5x5 first",
        ),
        Group(
            key="depth",
            title="Small patterns: depth",
            question="Small filters see more of the board the deeper they are stacked: how much"
            " does each further layer bring?",
            specs=tuple(layers),
            reference=layers[depths.index(int(base))].title,
            in_steps=True,
        ),
    ]


def _same_pattern(subject: Subject, options: PlanOptions) -> list[Group]:
    """Return the networks at equal compute, whose answers are then compared on moved boards.

    At equal parameters the dense network has next to no units, and no answers worth moving.
    """
    (group,) = _networks(subject, replace(options, matches=("multiply_adds",)))
    return [
        Group(
            key="same-pattern",
            title="The same pattern elsewhere",
            question="The same patterns appear in different regions: does a network give a moved"
            " or a turned pattern the moved or turned answer? Intervals on moved patterns treat"
            " each pattern as one draw.",
            specs=group.specs,
            reference=group.reference,
            matched=group.matched,
        )
    ]


def _subsampling(subject: Subject, options: PlanOptions) -> list[Group]:
    """Return the image network with every kind of subsampling, and controls for its size."""
    specs = [
        _spec(options, "image", words, subsampling=kind) for kind, words in SUBSAMPLING.items()
    ]
    pooled, whole = specs[0], specs[2]
    large = cost(subject, whole).parameters
    if cost(subject, pooled).parameters < large:
        found = match(subject, pooled, "parameters", large, knobs=("units",))
        title = "max pooling, as many parameters as without"
        specs.append(NetworkSpec(title=title, network="image", settings=found.settings))
    if subject.key == "go":
        specs.append(_spec(options, "alphago", "no subsampling, a logit per point (alphago)"))
    what = "a move on the board" if subject.key == "go" else "what a picture shows"
    return [
        Group(
            key="subsampling",
            title="Subsampling",
            question=f"Subsampling does not change the object: does it help to find {what}?",
            specs=tuple(specs),
            reference=SUBSAMPLING["none"],
        )
    ]
