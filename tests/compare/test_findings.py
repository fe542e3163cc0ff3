"""What is said follows the numbers, whichever way they go."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from reference.fake_subject import MOVES, drawn, measured, trial_result

from gopolicy.compare.comparison_charts import _draw_top1
from gopolicy.compare.findings import findings, pattern_findings, standing_to, top1_at
from gopolicy.compare.matching import Cost
from gopolicy.compare.network_spec import Group, NetworkSpec
from gopolicy.compare.results import ResultRow, Results, seed_error
from gopolicy.compare.sweep import Sweep
from gopolicy.compare.tables import difference_rows
from gopolicy.compare.trial_result import Measured, TrialResult
from gopolicy.draw.figure import new_axes, new_figure
from gopolicy.stats import STUDENT, Estimate, student


def row(
    title: str,
    levels: Sequence[float] | npt.NDArray[np.float64],
    seconds: float = 60.0,
    probes: tuple[dict[str, Any], ...] = (),
) -> ResultRow:
    return ResultRow(
        spec=NetworkSpec(title=title, network=title),
        cost=Cost(parameters=10, multiply_adds=10),
        sweep=Sweep(nll={0.1: 1.0}),
        trial_results=tuple(
            trial_result(drawn(level, seed), seconds) for seed, level in enumerate(levels, 1)
        ),
        probes=probes,
    )


def results(*rows: ResultRow) -> Results:
    specs = tuple(r.spec for r in rows)
    group = Group(key="g", title="G", question="?", specs=specs, reference=specs[0].title)
    return Results(group=group, rows=rows, blind=blind(len(rows[0].measured[0].units.counts)))


def blind(games: int, nats: float = 5.8, hits: int = 0) -> Measured:
    return measured([hits] * games, [MOVES * nats] * games)


def test_the_better_one_beats_and_the_worse_one_loses() -> None:
    strong, weak = row("strong", (0.5, 0.502)), row("weak", (0.3, 0.301))
    found = results(strong, weak)
    assert standing_to(found, weak, strong).startswith("weak loses to strong by ")
    assert "more nats" in standing_to(found, weak, strong)
    assert standing_to(found, strong, weak).startswith("strong beats weak by ")
    assert "fewer nats" in standing_to(found, strong, weak)
    assert findings(found)[0].startswith("strong has the highest top-1: ")
    assert "clearly ahead of weak" in findings(found)[0]
    swapped = results(row("strong", (0.3, 0.301)), row("weak", (0.5, 0.502)))
    assert findings(swapped)[0].startswith("weak has the highest top-1: ")


def test_noise_is_called_noise() -> None:
    one, other = row("one", (0.40, 0.401)), row("other", (0.401, 0.40))
    found = results(one, other)
    said = standing_to(found, other, one)
    assert said.startswith("No difference beyond noise between other and one: ")
    assert "no clear difference in nats" in said
    assert "not clearly ahead of" in findings(found)[0]


def test_seeds_that_differ_much_make_a_difference_unclear() -> None:
    calm = results(row("one", 3 * (0.40,)), row("other", 3 * (0.50,)))
    wild = results(row("one", (0.30, 0.40, 0.50)), row("other", (0.40, 0.50, 0.60)))
    assert calm.difference(calm.rows[1], calm.rows[0]).is_clear
    assert not wild.difference(wild.rows[1], wild.rows[0]).is_clear
    third = results(
        *calm.rows, row("wild", (0.2, 0.3, 0.5))
    )  # which says nothing about the other two
    assert third.difference(third.rows[1], third.rows[0]).is_clear


def test_numbers_in_words_are_the_numbers() -> None:
    found = results(row("one", (0.4, 0.41)), row("two", (0.5, 0.51)))
    gain = found.difference(found.rows[1], found.rows[0])
    exact = found.rows[1].mean("top1") - found.rows[0].mean("top1")
    assert gain.value == pytest.approx(exact)
    assert f"by {100 * exact:.2f} points" in standing_to(found, *found.rows[::-1])


def test_games_are_compared_one_by_one() -> None:
    """Two networks that differ alike in every game differ clearly, however games differ."""
    hits = np.arange(5, 45)
    rows = []
    for title, more in (("one", 0), ("two", 1)):
        figures = measured((hits + more).tolist(), [1.0] * len(hits))
        rows.append(
            ResultRow(
                spec=NetworkSpec(title=title, network=title),
                cost=Cost(parameters=1, multiply_adds=1),
                sweep=Sweep(nll={0.1: 1.0}),
                trial_results=(trial_result(figures),),
            )
        )
    found = results(*rows)
    gain = found.difference(rows[1], rows[0])
    assert gain.low == pytest.approx(1 / MOVES)
    assert gain.high == pytest.approx(1 / MOVES)
    alone = found.estimate(rows[0])
    assert alone.high - alone.low > 0.05


def of_pictures(title: str, hits: list[int]) -> ResultRow:
    figures = measured(hits, [1.0] * len(hits), moves=1)
    return replace(row(title, (0.5,)), trial_results=(trial_result(figures),))


@pytest.mark.parametrize("level", [0, 1])
def test_all_right_or_all_wrong_is_no_certainty(level: int) -> None:
    one, other = (of_pictures(title, [level] * 30) for title in ("one", "other"))
    found = results(one, other)
    alone = found.estimate(one)
    # The end of Wilson's interval is the share from which what was found is 1.96 deviations away.
    far = alone.high if level == 0 else 1 - alone.low
    assert far == pytest.approx(1.95996 * np.sqrt(far * (1 - far) / 30), abs=1e-5)
    assert (alone.low if level == 0 else alone.high) == level
    gain = found.difference(one, other)
    assert (gain.low, gain.high) == pytest.approx((-far, far))


def test_a_single_picture_shows_nothing() -> None:
    one, other = of_pictures("one", [1]), of_pictures("other", [0])
    found = results(one, other)
    assert found.estimate(one) == Estimate(value=1.0, low=0.0, high=1.0)
    assert found.difference(one, other) == Estimate(value=1.0, low=-1.0, high=1.0)
    assert standing_to(found, one, other).startswith("No difference beyond noise")


def test_the_chart_draws_the_interval_that_the_table_gives() -> None:
    found = results(of_pictures("one", [1] * 30), of_pictures("other", [0] * 30))
    (axes,) = new_axes(new_figure(4, 3))
    _draw_top1(axes, found, "picture")
    drawn = [bars for each in axes.collections for bars in each.get_segments()]  # type: ignore[attr-defined]
    spans = [found.estimate(r) for r in found.rows]
    assert [tuple(ends[:, 0]) for ends in drawn] == [(e.low, e.high) for e in spans]


def test_the_error_of_seeds_uses_student() -> None:
    samples = [(0.10, 0.12), (0.20, 0.22)]
    variance = 2 * 0.01**2  # of one sample: 0.01^2 + 0.01^2 over 1 degree of freedom
    expected = STUDENT[1] * np.sqrt(variance * (1 / 2 + 1 / 2))
    assert seed_error(samples) == pytest.approx(expected)
    assert seed_error(samples[:1]) == pytest.approx(STUDENT[0] * 0.01)
    assert seed_error([sample[:1] for sample in samples]) == 0.0


def test_seeds_of_one_network_only_count_as_so_many() -> None:
    """Where one of two varies and the other does not, two seeds are one degree of freedom."""
    assert seed_error([(0.10, 0.12), (0.2, 0.2)]) == pytest.approx(STUDENT[0] * 0.01)
    assert STUDENT[1] * 0.01 < seed_error([(0.10, 0.12), (0.20, 0.21)]) < STUDENT[0] * 0.0112


def test_student_follows_the_published_table() -> None:
    table = {1: 12.706, 2: 4.303, 5: 2.571, 10: 2.228, 11: 2.201, 15: 2.131, 30: 2.042, 120: 1.980}
    for freedom, point in table.items():
        assert student(freedom) == pytest.approx(point, abs=0.005)
    between = [student(freedom) for freedom in np.linspace(1, 40, 500)]
    assert all(a >= b for a, b in pairwise(between))
    assert student(1.5) >= 5.87  # of the density with 1.5 degrees of freedom, integrated


@pytest.mark.parametrize("spreads", [(0.01, 0.01), (0.014, 0.0002), (0.014, 0.005)])
@pytest.mark.parametrize("seeds", [2, 3])
def test_intervals_cover_the_truth_about_as_often_as_they_say(
    spreads: tuple[float, float], seeds: int
) -> None:
    rng = np.random.default_rng(3)
    covered, trials = 0, 400
    for _ in range(trials):
        levels = [0.4 + rng.normal(0, spread, seeds) for spread in spreads]
        found = results(row("one", levels[0]), row("two", levels[1]))
        for r, own in zip(found.rows, levels, strict=True):  # other draws in every trial
            for o, level in zip(r.trial_results, own, strict=True):
                assert o.measured is not None
                o.measured.units.hits[:] = rng.binomial(MOVES, level, 60).tolist()
        for r in found.rows:
            object.__setattr__(r, "trial_results", tuple(counted(o) for o in r.trial_results))
        gain = found.difference(found.rows[0], found.rows[1])
        covered += gain.low <= 0 <= gain.high
    assert 0.92 <= covered / trials <= 1.0


def counted(of: TrialResult) -> TrialResult:
    """Return a result whose top-1 is that of its games."""
    assert of.measured is not None
    units = of.measured.units
    return replace(of, measured=measured(units.hits, units.nats))


def test_who_learned_nothing_is_named() -> None:
    found = results(row("seer", (0.4, 0.41)), row("other", (0.3, 0.31)))
    assert "5.800 nats; all networks need clearly fewer nats" in findings(found)[1]
    lost = row("lost", (0.004, 0.004))
    nats = lost.measured[0].nll
    found = replace(results(row("seer", (0.4, 0.41)), lost), blind=blind(60, nats))
    assert "these need no clearly fewer nats than that: lost." in findings(found)[1]


def test_the_steps_of_a_group_are_told_one_by_one() -> None:
    found = results(row("a", 4 * (0.3,)), row("b", 4 * (0.4,)), row("c", 4 * (0.5,)))
    steps = replace(found, group=replace(found.group, in_steps=True))
    assert sum(" beats a by " in line for line in findings(found)) == 2
    said = findings(steps)
    assert sum(" beats a by " in line for line in said) == 1
    assert sum("c beats b by " in line for line in said) == 1
    assert [r["minus"] for r in difference_rows(steps)] == ["a", "b"]


def test_a_single_seed_a_bad_match_and_a_rate_at_the_end_are_told() -> None:
    alone = findings(results(row("one", (0.4,)), row("two", (0.3,))))
    assert any("trained once" in line for line in alone)
    assert any("learning rate of one, two is at the end of the range" in line for line in alone)
    calm = row("one", (0.4, 0.4))
    calm = replace(calm, sweep=Sweep(nll={0.1: 2.0, 0.2: 1.0, 0.3: 2.0}), ratio=1.0)
    large = replace(calm, spec=NetworkSpec(title="two", network="two"), ratio=1.35)
    found = results(calm, large)
    found = replace(found, group=replace(found.group, matched="parameters"))
    said = findings(found)
    assert not any("trained once" in line or "end of the range" in line for line in said)
    assert any(
        "two could not be made equal: it has 135 % of the parameters of one" in s for s in said
    )


def test_wall_time_is_told_where_it_differs() -> None:
    slow, quick = row("slow", (0.5, 0.5), seconds=600), row("quick", (0.4, 0.4), seconds=60)
    said = [line for line in findings(results(slow, quick)) if "trainings took" in line]
    assert "1.0 (quick) to 10.0 minutes (slow)" in said[0]
    assert "slow not measured by then" in said[0]
    close = findings(results(slow, row("quick", (0.4, 0.4), seconds=300)))
    assert top1_at(slow, 200) == pytest.approx(slow.mean("top1") / 2)
    assert any(f"slow {100 * slow.mean('top1') / 2:.1f} %" in line for line in close)
    same = findings(results(slow, row("other", (0.4, 0.4), seconds=601)))
    assert not any("trainings took" in line for line in same)


def probe(share: float, gap: float) -> dict[str, Any]:
    return {
        "symmetries": {"positions": 9, "all": {"value": share, "interval": None}},
        "side": {"follows": {"value": share, "interval": [share - 0.1, share + 0.1]}, "moved": 7},
        "center": {"follows": None, "moved": 0},
        "exact": {"largest_gap": gap, "largest_logit": 10.0, "points": 5},
    }


def test_a_stretch_that_was_disturbed_does_not_count_as_speed() -> None:
    calm, slowed = row("calm", (0.4,), seconds=60), row("slowed", (0.4,), seconds=60)
    curve = [dict(point) for point in slowed.trial_results[0].curve]
    for point in curve[2:]:
        point["seconds"] += 500.0
    trial_results = (replace(slowed.trial_results[0], curve=curve, seconds=560.0),)
    assert replace(slowed, trial_results=trial_results).seconds == pytest.approx(calm.seconds)


def test_exact_is_said_only_of_gaps_that_are_rounding() -> None:
    exact = row("a", (0.4,), probes=(probe(0.5, 1e-5),))
    rough = row("b", (0.4,), probes=(probe(0.25, 1e-2),))
    first, second = pattern_findings(results(exact, rough))
    assert "50.0 % of the positions" in first
    assert "move along exactly, up to rounding" in first
    assert "25.0 % (15.0 to 35.0) of 7 cases" in second
    assert "move along not exactly: the largest gap is 1.0e-02" in second
