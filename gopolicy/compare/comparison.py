"""A whole comparison: sizes, learning rates, trainings, measurements, one group after the other."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gopolicy.compare.go_subject import GoSubject
from gopolicy.compare.matching import cost
from gopolicy.compare.network_spec import Group, NetworkSpec, Trial
from gopolicy.compare.patterns import find_patterns, probe, probe_moved
from gopolicy.compare.plan import PlanOptions, make_groups
from gopolicy.compare.results import ResultRow, Results
from gopolicy.compare.runs import Runs
from gopolicy.compare.subject import Subject
from gopolicy.compare.sweep import Sweep, sweep
from gopolicy.compare.trial_result import Measured, TrialResult
from gopolicy.errors import ConfigError, GoPolicyError
from gopolicy.files import MAX_JSON, read_limited, write_text
from gopolicy.progress import SILENT, Progress
from gopolicy.timing import best_rates

PATTERNS = "patterns.json"
SERVING_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareOptions:
    """How much work a comparison is."""

    examples: int = 2_000_000
    """Positions or pictures that every network is trained on."""
    sweep_examples: int = 200_000
    """The same, when a learning rate is tried."""
    rates: Sequence[float] = (0.002, 0.005, 0.0125)
    """Learning rates to try first."""
    seeds: int = 2
    """Trainings of each network."""
    probed: int = 2_000
    """Positions of the study of the same pattern."""
    parallel: int = 1
    plan: PlanOptions = field(default_factory=PlanOptions)


def compare_networks(
    subject: Subject, out: Path, options: CompareOptions, progress: Progress = SILENT
) -> list[Results]:
    """Return the results of every group; trainings that are done are found in out/runs again.

    StoppedEarly after a signal: the same call goes on from there.
    """
    groups = make_groups(subject, options.plan)
    runs = Runs(subject, out / "runs" / subject.key, parallel=options.parallel, progress=progress)
    specs = {e.slug: e for group in groups for e in group.specs}
    rows = _train(runs, list(specs.values()), options)
    blind = subject.blind()
    return [_results(runs, group, rows, blind, options) for group in groups]


def _train(runs: Runs, specs: list[NetworkSpec], options: CompareOptions) -> dict[str, ResultRow]:
    sweeps = sweep(runs, specs, options.rates, options.sweep_examples)
    trials = {e.slug: _trials(e, sweeps[e.slug], options) for e in specs}
    runs.trial_results([trial for some in trials.values() for trial in some], "comparison")
    trial_results = {slug: tuple(runs.trial_results(some, "")) for slug, some in trials.items()}
    check_order(list(trial_results.values()))
    works = {e.slug: runs.subject.serving(e, runs.place(trials[e.slug][0])) for e in specs}
    served = best_rates(works, seconds=SERVING_SECONDS, clock=time.perf_counter)
    return {
        spec.slug: ResultRow(
            spec=spec,
            cost=cost(runs.subject, spec),
            sweep=sweeps[spec.slug],
            trial_results=trial_results[spec.slug],
            served_per_second=served[spec.slug],
        )
        for spec in specs
    }


def _trials(spec: NetworkSpec, rates: Sweep, options: CompareOptions) -> list[Trial]:
    return [
        Trial(spec=spec, lr=rates.best, seed=seed, examples=options.examples, final=True)
        for seed in range(1, options.seeds + 1)
    ]


def _results(
    runs: Runs,
    group: Group,
    trained: dict[str, ResultRow],
    blind: Measured,
    options: CompareOptions,
) -> Results:
    rows, blind_patterns = [], dict[str, Any]()
    if group.key == "same-pattern":
        blind_patterns = _blind_patterns(runs, options.probed)
    for spec in group.specs:
        row = trained[spec.slug]
        probes: tuple[dict[str, Any], ...] = ()
        if group.key == "same-pattern":
            places = [runs.place(trial) for trial in _trials(spec, row.sweep, options)]
            probes = tuple(_probe(runs, place, options.probed) for place in places)
        ratio = _ratio(runs.subject, group, spec)
        rows.append(replace(row, spec=spec, ratio=ratio, probes=probes))
    return Results(group=group, rows=tuple(rows), blind=blind, blind_patterns=blind_patterns)


def _ratio(subject: Subject, group: Group, spec: NetworkSpec) -> float | None:
    """Return the cost of a network as a multiple of that of the reference it was to match."""
    if not group.matched:
        return None
    reference = next(e for e in group.specs if e.title == group.reference)
    return cost(subject, spec).of(group.matched) / cost(subject, reference).of(group.matched)


def check_order(trial_results: Sequence[Sequence[TrialResult]]) -> None:
    """Raise GoPolicyError unless all networks saw the same examples in the same order."""
    for seed, of_seed in enumerate(zip(*trial_results, strict=True), 1):
        if len({trial_result.order for trial_result in of_seed}) > 1:
            raise GoPolicyError(f"the networks of seed {seed} saw different examples")


def _probe(runs: Runs, folder: Path, positions: int) -> dict[str, Any]:
    """Return the measurements of the same pattern elsewhere, kept in the folder of the run."""
    subject = runs.subject
    assert isinstance(subject, GoSubject)
    path = folder / PATTERNS
    if path.exists():
        found = _read_probe(path)
        if found["asked"] == positions:
            return found
    runs.progress.message(f"moving and turning patterns: {folder.parent.name}, {folder.name}")
    ids = subject.spread(positions)
    found = {"asked": positions, **probe(subject.policy(folder), subject.store.table, ids)}
    write_text(path, json.dumps(found, indent=1) + "\n")
    return found


def _read_probe(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(read_limited(path, MAX_JSON))
        return {"asked": found["asked"], **found}
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); delete it") from error


def _blind_patterns(runs: Runs, positions: int) -> dict[str, Any]:
    """Return the measurements of the same pattern elsewhere on who never looks."""
    subject = runs.subject
    assert isinstance(subject, GoSubject)
    patterns = find_patterns(subject.store.table, subject.spread(positions))
    return probe_moved(subject.guesser(), patterns)
