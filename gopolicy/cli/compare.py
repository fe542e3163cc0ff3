"""``gopolicy compare``: several networks on the same data."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gopolicy.cli.options import add_device, add_json, positive_int
from gopolicy.errors import ConfigError

if TYPE_CHECKING:
    from gopolicy.comparison.compare import CompareOptions
    from gopolicy.comparison.report import Section
    from gopolicy.progress import Progress

DESCRIPTION = """\
Trains several networks on the same data in the same order, each with a learning rate that suits it,
and says in words, tables and charts what comes out, with intervals.

Studies (--study, several separated by commas, or all):
  networks        each kind of network, once with as many parameters, once with as many
                  multiply-adds as the first one named
  small-patterns  alphago with a first layer of 3x3, 5x5 and 7x7 filters, and with 1 to 6 layers
  same-pattern    does a network give a moved or turned pattern the moved or turned answer?
  subsampling     the image network with max pooling, stride 2, none, and one mean per filter"""

EXAMPLES = """\
examples:
  gopolicy compare --data store --out report
  gopolicy compare --data store --out report --study all --filters 32 --layers 4 --planes alphago20
  gopolicy compare --data store --out report --networks alphago,alphago-res --seeds 3
  gopolicy compare --data store --out report --set image.layers=4 --set normalization=batch

Ctrl-C stops after a checkpoint; the same command goes on, and one with more studies or seeds adds
the trainings that are missing. Every training is a folder below OUT/runs."""

STUDIES = ("networks", "small-patterns", "same-pattern", "subsampling")
FIRST = {"filters": 32, "layers": 6}
"""The size of the first network unless --filters and --layers change it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add("--data", type=Path, metavar="DIR", help="a store made by gopolicy prepare")
    add("--out", type=Path, required=True, metavar="DIR", help="folder of the report and the runs")
    add("--study", default="networks", metavar="NAMES", help="(default: networks)")
    add(
        "--networks",
        default="alphago,dense,image",
        metavar="NAMES",
        help="networks by name; the sizes of the others follow that of the first"
        " (default: alphago,dense,image)",
    )
    add("--match", default="parameters,multiply-adds", metavar="WHAT", help="what is made equal")
    add("--filters", type=positive_int, metavar="N", help="of the first network (default: 32)")
    add("--layers", type=positive_int, metavar="N", help="of the first network (default: 6)")
    add("--planes", default="alphago48", metavar="SET", help="the plane set (default: alphago48)")
    add("--positions", default="2M", metavar="N", help="to train each network on (default: 2M)")
    add("--seeds", type=positive_int, default=2, metavar="N", help="trainings each (default: 2)")
    add("--learning-rates", default="0.001,0.003,0.01", metavar="R,R", help="to try first")
    add("--sweep-positions", metavar="N", help="to try a rate on (default: a tenth of --positions)")
    add("--batch-size", type=positive_int, default=128, metavar="N", help="(default: 128)")
    add(
        "--measured-positions",
        default="40k",
        metavar="N",
        help="held out positions that results are measured on (default: 40k)",
    )
    add(
        "--tuning-positions",
        default="10k",
        metavar="N",
        help="other held out positions, for rates and learning curves (default: 10k)",
    )
    add("--parallel", type=positive_int, default=1, metavar="N", help="trainings at a time")
    add(
        "--set",
        action="append",
        default=[],
        dest="changes",
        metavar="KEY=VALUE",
        help="change a setting of training, or NETWORK.KEY=VALUE of a network",
    )
    add_device(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Compare and report."""
    from gopolicy.cli.output import plain, print_json, print_text, say
    from gopolicy.cli.progress import TqdmProgress
    from gopolicy.comparison.report import all_findings, as_json, write_report
    from gopolicy.comparison.subject import StoppedEarly
    from gopolicy.files import check_folder

    check_folder(args.out)
    progress = TqdmProgress()
    try:
        sections, facts = _sections(args, progress)
    except StoppedEarly as stop:
        say(f"gopolicy: {stop}")
        return 128 + stop.signal
    facts = {key: plain(value) for key, value in facts.items()}
    page = write_report(args.out, sections, facts)
    say(f"report: {page}")
    if args.json:
        print_json(as_json(sections, facts) | {"report": page})
        return 0
    for section in sections:
        for results in section.results:
            lines = [f"- {line}" for line in all_findings(results)]
            print_text("\n".join([results.group.title, *lines, ""]))
    return 0


def _sections(
    args: argparse.Namespace, progress: "Progress"
) -> tuple[list["Section"], dict[str, Any]]:
    """Run everything on the subjects asked for; return the results and the facts."""
    from gopolicy.comparison.compare import compare
    from gopolicy.comparison.report import Section

    options = _options(args)
    sections, facts = [], _facts(args, options)
    for name, subject in _subjects(args).items():
        results = compare(subject, args.out, options, progress)
        facts |= {f"{name}: {key}": value for key, value in subject.facts.items()}
        sections.append(
            Section(subject=name, example=subject.example, unit=subject.unit, results=results)
        )
    return sections, facts


def _subjects(args: argparse.Namespace) -> dict[str, Any]:
    """Return what to train on, by name."""
    from gopolicy.comparison.go_subject import GoOptions, GoSubject
    from gopolicy.data.store import open_store

    if args.data is None:
        raise ConfigError("nothing to train on: give --data")
    store = open_store(args.data)
    store.verify()
    options = GoOptions(
        planes=args.planes,
        batch_size=args.batch_size,
        tuning_positions=_count(args.tuning_positions),
        measured_positions=_count(args.measured_positions),
        changes=tuple(change for change in args.changes if "." not in change.partition("=")[0]),
        device=args.device,
    )
    return {"Go": GoSubject(store, options)}


def _options(args: argparse.Namespace) -> "CompareOptions":
    """Return how much work it is to be."""
    from gopolicy.comparison.compare import CompareOptions
    from gopolicy.comparison.plan import PlanOptions

    networks = _words(args.networks)
    positions = _count(args.positions)
    short = positions // 10 if args.sweep_positions is None else _count(args.sweep_positions)
    return CompareOptions(
        examples=positions,
        sweep_examples=max(short, args.batch_size),
        rates=_rates(args.learning_rates),
        seeds=args.seeds,
        parallel=args.parallel,
        plan=PlanOptions(
            networks=networks,
            studies=STUDIES if args.study == "all" else _words(args.study),
            matches=tuple(what.replace("-", "_") for what in _words(args.match)),
            settings=_network_settings(args, networks[0]),
        ),
    )


def _network_settings(args: argparse.Namespace, first: str) -> dict[str, dict[str, Any]]:
    """Return the settings of networks by name: the size of the first and what --set says."""
    from gopolicy.nets.registry import default_settings
    from gopolicy.train.config import TrainConfig, override

    sizes = {"filters": args.filters, "layers": args.layers}
    known = default_settings(first)
    found: dict[str, dict[str, Any]] = {
        first: {key: sizes[key] or FIRST[key] for key in FIRST if key in known}
    }
    found.setdefault("alphago", {key: sizes[key] or FIRST[key] for key in FIRST})
    for change in args.changes:
        key, _, value = change.partition("=")
        network, dot, setting = key.strip().partition(".")
        if dot:
            parsed = override(TrainConfig(network=network), [f"{setting}={value}"]).settings
            found.setdefault(network, {}).update(parsed)
    return found


def _facts(args: argparse.Namespace, options: "CompareOptions") -> dict[str, Any]:
    """Return what a report says about how it was made."""
    import platform

    import torch

    import gopolicy
    from gopolicy.data.workers import usable_cores

    return {
        "examples per training": options.examples,
        "examples to try a learning rate": options.sweep_examples,
        "seeds": options.seeds,
        "batch size": args.batch_size,
        "other settings": ", ".join(args.changes) or "none",
        "trainings at a time": options.parallel,
        "machine": f"{platform.processor() or platform.machine()}, {usable_cores()} cores",
        "versions": f"gopolicy {gopolicy.__version__}, torch {torch.__version__}",
    }


def _words(text: str) -> list[str]:
    """Split a list at its commas."""
    words = list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    if not words:
        raise ConfigError(f"expected names separated by commas, got {text!r}")
    return words


def _rates(text: str) -> list[float]:
    """Read numbers separated by commas."""
    try:
        return [float(word) for word in _words(text)]
    except ValueError:
        raise ConfigError(f"expected learning rates like 0.001,0.003, got {text!r}") from None


def _count(text: str) -> int:
    """Read a count of positions, with k or M for thousands or millions."""
    from gopolicy.train.config import TrainConfig, override

    return override(TrainConfig(), [f"positions={text}"]).positions
