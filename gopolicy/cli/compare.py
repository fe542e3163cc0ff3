"""``gopolicy compare``: several networks on the same data."""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gopolicy.cli.options import (
    add_device,
    add_json,
    add_option,
    at_once,
    batch_size,
    positive_int,
    repetitions,
    whole_number,
)
from gopolicy.errors import ConfigError
from gopolicy.settings import split_setting

if TYPE_CHECKING:
    from gopolicy.compare.comparison import CompareOptions
    from gopolicy.compare.comparison_report import SubjectSection
    from gopolicy.progress import Progress

DESCRIPTION = """\
Trains several networks on the same data in the same order, each with a learning rate that suits it,
and says in words, tables and charts what comes out, with intervals.

Studies (--study, several separated by commas, or all):
  networks        each kind of network, once with as many parameters, once with as many
                  multiply-adds as the first one named
  small-patterns  alphago with a first layer of 3x3, 5x5 and 7x7 filters, and with 1 to 6 layers
  same-pattern    does a network give a moved or turned pattern the moved or turned answer? Asked
                  of each kind with as many multiply-adds as the first one named
  subsampling     the image network with max pooling, stride 2, none, and one mean per filter"""

EXAMPLES = """\
examples:
  gopolicy compare --data store --out report
  gopolicy compare --data store --out report --study all --filters 32 --layers 4 --planes alphago20
  gopolicy compare --data store --out report --networks alphago,alphago-res --seeds 3
  gopolicy compare --data store --out report --set image.layers=4 --set alphago.normalization=batch
  gopolicy compare --data store --digits mnist-5k --out report --study subsampling
  gopolicy compare --digits folder-with-idx-files --out report --epochs 5

Ctrl-C stops after a checkpoint; the same command goes on, and one with more studies or seeds adds
the trainings that are missing. Every training is a folder below OUT/runs."""

FIRST = {"filters": 32, "layers": 6}
"""The size of the first network unless --filters and --layers change it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    _add_subjects(parser)
    _add_training(parser)
    add_device(parser)
    add_json(parser)


def _add_subjects(parser: argparse.ArgumentParser) -> None:
    add = partial(add_option, parser)
    add("--data DIR", "a store made by gopolicy prepare", kind=Path)
    add(
        "--digits SOURCE",
        "digits or other pictures: mnist-5k or digits from an installed package, a folder or"
        " archive of IDX files, or a folder with a folder per class",
    )
    add("--out DIR", "folder of the report and the runs", kind=Path, required=True)
    add("--study NAMES", "", "networks")
    add(
        "--networks NAMES",
        "networks by name; the sizes of the others follow that of the first"
        " (default: alphago,dense,image; on pictures image,dense)",
    )
    add("--match WHAT", "what is made equal", "parameters,multiply-adds")
    add("--filters N", "of the first network (default: 32)", kind=positive_int)
    add("--layers N", "of the first network (default: 6)", kind=positive_int)
    add("--planes SET", "the plane set (default: alphago48)")


def _add_training(parser: argparse.ArgumentParser) -> None:
    add = partial(add_option, parser)
    add("--positions N", "to train each network on (default: 2M)")
    add("--seeds N", "trainings each", 2, whole_number(1, 1000))
    add("--learning-rates R,R", "to try first", "0.002,0.005,0.0125")
    add("--sweep-positions N", "to try a rate on (default: a tenth of --positions)")
    add("--epochs N", "on pictures (default: 10)", kind=repetitions)
    add("--batch-size N", "(default: 128; 64 on pictures)", kind=batch_size)
    add("--measured-positions N", "held out positions to measure results on (default: 40k)")
    add(
        "--tuning-positions N",
        "other held out positions, for rates and learning curves (default: 10k)",
    )
    add("--parallel N", "trainings at a time, sharing the cores", 1, at_once)
    add(
        "--set KEY=VALUE",
        "change a setting of training, or NETWORK.KEY=VALUE of a network",
        [],
        action="append",
        dest="changes",
    )


def run(args: argparse.Namespace) -> int:
    """Compare and report."""
    from gopolicy.cli.output import as_json_value, print_json, print_text, say
    from gopolicy.cli.progress_bar import TqdmProgress
    from gopolicy.compare.comparison_report import (
        all_findings,
        as_json,
        contrasts,
        write_comparison_report,
    )
    from gopolicy.compare.subject import StoppedEarly
    from gopolicy.files import check_folder, writing_alone

    check_folder(args.out)
    progress = TqdmProgress()
    with writing_alone(args.out):
        try:
            sections, facts = _sections(args, progress)
        except StoppedEarly as stop:
            say(f"gopolicy: {stop}")
            return 128 + stop.signal
        facts = {key: as_json_value(value) for key, value in facts.items()}
        page = write_comparison_report(args.out, sections, facts)
    say(f"report: {page}")
    if args.json:
        print_json(as_json(sections, facts) | {"report": page})
        return 0
    for section in sections:
        for results in section.results:
            lines = [f"- {line}" for line in all_findings(results)]
            name = f"{results.group.title} ({section.subject})"
            print_text("\n".join([name, *lines, ""]))
    for line in contrasts(sections):
        print_text(f"- {line}")
    return 0


def _sections(
    args: argparse.Namespace, progress: "Progress"
) -> tuple[list["SubjectSection"], dict[str, Any]]:
    from gopolicy.compare.comparison import compare_networks
    from gopolicy.compare.comparison_report import SubjectSection
    from gopolicy.compare.plan import make_groups

    sections, facts = [], _facts(args)
    subjects = _subjects(args, progress)
    for subject, options in subjects.values():
        make_groups(subject, options.plan)  # what cannot be done is said before any training
    for name, (subject, options) in subjects.items():
        results = compare_networks(subject, args.out, options, progress)
        plan = {"each trained on": options.examples, "each rate tried on": options.sweep_examples}
        found = subject.facts | {f"{key} ({subject.example}s)": n for key, n in plan.items()}
        facts |= {f"{name}: {key}": value for key, value in found.items()}
        sections.append(
            SubjectSection(
                subject=name, example=subject.example, unit=subject.unit, results=results
            )
        )
    return sections, facts


def _subjects(args: argparse.Namespace, progress: "Progress") -> dict[str, tuple[Any, Any]]:
    from gopolicy.compare.plan import ON_BOARDS

    if args.data is None and args.digits is None:
        raise ConfigError("nothing to train on: give --data, --digits or both")
    if args.data is None:
        _refuse_settings_of_games(args)
    if args.digits is None and args.epochs is not None:
        raise ConfigError("--epochs is about pictures: give --digits, or --positions of games")
    found = {}
    if args.data is not None:
        found["Go"] = _games(args)
    if args.digits is not None and args.data is not None and set(_studies(args)) <= set(ON_BOARDS):
        progress.message(f"the study {args.study} is about games only; the pictures are left out")
    elif args.digits is not None:
        found["pictures"] = _pictures(args, progress)
    return found


def _refuse_settings_of_games(args: argparse.Namespace) -> None:
    for option in ("filters", "layers", "planes"):
        if getattr(args, option) is not None:
            raise ConfigError(f"--{option} is about games: give --data, or --set NETWORK.KEY=VALUE")
    for option in ("positions", "sweep-positions", "measured-positions", "tuning-positions"):
        if getattr(args, option.replace("-", "_")) is not None:
            raise ConfigError(f"--{option} is about games: give --data, or --epochs of pictures")
    for change in args.changes:
        key, _ = split_setting(change)
        if "." not in key:
            raise ConfigError(f"{key} is about games: give --data, or a setting of a network")


def _games(args: argparse.Namespace) -> tuple[Any, "CompareOptions"]:
    from gopolicy.compare.go_subject import GoOptions, GoSubject
    from gopolicy.data.store import open_store

    store = open_store(args.data)
    batch = args.batch_size or 128
    options = GoOptions(
        planes=args.planes or "alphago48",
        batch_size=batch,
        tuning_positions=_count(args.tuning_positions or "10k", "--tuning-positions"),
        measured_positions=_count(args.measured_positions or "40k", "--measured-positions"),
        changes=tuple(change for change in args.changes if "." not in split_setting(change)[0]),
        device=args.device,
    )
    networks = _words(args.networks or "alphago,dense,image")
    settings = _network_settings(args)
    sizes = {"filters": args.filters, "layers": args.layers}
    given = {key: value for key, value in sizes.items() if value is not None}
    stacks = [name for name in networks if name.startswith("alphago")]
    for name in dict.fromkeys((networks[0], "alphago", *stacks)):  # all stacks are as deep
        base = FIRST if name.startswith("alphago") else {}
        settings[name] = base | given | settings.get(name, {})
    positions = _count(args.positions or "2M", "--positions")
    short = positions // 10
    if args.sweep_positions is not None:
        short = _count(args.sweep_positions, "--sweep-positions")
    work = _work(args, networks, settings)
    return GoSubject(store, options), replace(
        work, examples=positions, sweep_examples=max(short, batch)
    )


def _pictures(args: argparse.Namespace, progress: "Progress") -> tuple[Any, "CompareOptions"]:
    from gopolicy.compare.picture_subject import PictureOptions, PictureSubject
    from gopolicy.pictures.picture_networks import IMAGE_NETWORKS

    options = PictureOptions(batch_size=args.batch_size or 64, device=args.device)
    subject = PictureSubject(args.digits, options)
    asked = _words(args.networks or "image,dense")
    networks = [name for name in asked if name in IMAGE_NETWORKS or args.data is None]
    for name in asked:
        if name not in networks:
            progress.message(f"{name} is no network for pictures; it is compared on Go only")
    networks = networks or ["image", "dense"]
    settings = {name: s for name, s in _network_settings(args).items() if name in IMAGE_NETWORKS}
    epochs = args.epochs or 10
    short = max(1, epochs // 5)
    return subject, replace(
        _work(args, networks, settings),
        examples=subject.examples(epochs),
        sweep_examples=subject.examples(short),
    )


def _work(
    args: argparse.Namespace, networks: list[str], settings: dict[str, dict[str, Any]]
) -> "CompareOptions":
    from gopolicy.compare.comparison import CompareOptions
    from gopolicy.compare.plan import PlanOptions

    return CompareOptions(
        rates=_rates(args.learning_rates),
        seeds=args.seeds,
        parallel=args.parallel,
        plan=PlanOptions(
            networks=networks,
            studies=_studies(args),
            matches=_words(args.match.replace("-", "_")),
            settings=settings,
        ),
    )


def _studies(args: argparse.Namespace) -> list[str]:
    from gopolicy.compare.plan import STUDIES

    return list(STUDIES) if args.study == "all" else _words(args.study)


def _network_settings(args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return the settings of networks that ``--set NETWORK.KEY=VALUE`` gives, by network."""
    from gopolicy.training.config import TrainConfig, override

    found: dict[str, dict[str, Any]] = {}
    for change in args.changes:
        key, value = split_setting(change)
        prefix, dot, setting = key.partition(".")
        network = prefix.replace("_", "-")  # as the networks are called
        if dot:
            parsed = override(TrainConfig(network=network), [f"{setting}={value}"]).settings
            if not parsed:
                raise ConfigError(
                    f"{setting} is a setting of training, the same for all networks; give"
                    f" {setting}={value} without {network}."
                )
            found.setdefault(network, {}).update(parsed)
    return found


def _facts(args: argparse.Namespace) -> dict[str, Any]:
    import platform

    import torch

    import gopolicy
    from gopolicy.cores import usable_cores

    return {
        "command": args.command_line,
        "seeds": args.seeds,
        "other settings": ", ".join(args.changes) or "none",
        "trainings at a time": args.parallel,
        "machine": f"{platform.processor() or platform.machine()}, {usable_cores()} cores",
        "versions": f"gopolicy {gopolicy.__version__}, torch {torch.__version__}",
    }


def _words(text: str) -> list[str]:
    words = list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    if not words:
        raise ConfigError(f"expected names separated by commas, got {text!r}")
    return words


def _rates(text: str) -> list[float]:
    from gopolicy.training.config import TrainConfig, override

    try:
        return [override(TrainConfig(), [f"lr={word}"]).lr for word in _words(text)]
    except ConfigError as error:
        raise ConfigError(f"--learning-rates: {error}") from None


def _count(text: str, option: str) -> int:
    """Read a count of positions, with k or M for thousands or millions."""
    from gopolicy.training.config import TrainConfig, override

    try:
        return override(TrainConfig(), [f"positions={text}"]).positions
    except ConfigError as error:
        raise ConfigError(f"{option}: {error}") from None
