"""What is said follows the numbers, whichever way they go."""

import numpy as np
import pytest
from reference.fake_subject import MOVES, drawn, measured, outcome

from gopolicy.comparison.entrant import Entrant, Group
from gopolicy.comparison.findings import compare, findings, pattern_findings, top1_at
from gopolicy.comparison.matching import Cost
from gopolicy.comparison.results import STUDENT, Results, Row, seed_error
from gopolicy.comparison.sweep import Sweep


def row(title, levels, seconds=60.0, probes=()) -> Row:
    return Row(
        entrant=Entrant(title=title, network=title),
        cost=Cost(parameters=10, multiply_adds=10),
        sweep=Sweep(nll={0.1: 1.0}),
        outcomes=tuple(
            outcome(drawn(level, seed), seconds) for seed, level in enumerate(levels, 1)
        ),
        probes=probes,
    )


def results(*rows: Row) -> Results:
    entrants = tuple(r.entrant for r in rows)
    group = Group(key="g", title="G", question="?", entrants=entrants, reference=entrants[0].title)
    return Results(group=group, rows=rows)


def test_the_better_one_beats_and_the_worse_one_loses():
    strong, weak = row("strong", (0.5, 0.502)), row("weak", (0.3, 0.301))
    found = results(strong, weak)
    assert compare(found, weak, strong).startswith("weak loses to strong by ")
    assert "more nats" in compare(found, weak, strong)
    assert compare(found, strong, weak).startswith("strong beats weak by ")
    assert "fewer nats" in compare(found, strong, weak)
    assert findings(found)[0].startswith("strong has the highest top-1: ")
    assert "clearly ahead of weak" in findings(found)[0]
    swapped = results(row("strong", (0.3, 0.301)), row("weak", (0.5, 0.502)))
    assert findings(swapped)[0].startswith("weak has the highest top-1: ")


def test_noise_is_called_noise():
    one, other = row("one", (0.40, 0.401)), row("other", (0.401, 0.40))
    found = results(one, other)
    said = compare(found, other, one)
    assert said.startswith("No difference beyond noise between other and one: ")
    assert "no clear difference in nats" in said
    assert "not clearly ahead of" in findings(found)[0]


def test_seeds_that_differ_much_make_a_difference_unclear():
    calm = results(row("one", (0.40, 0.40)), row("other", (0.50, 0.50)))
    wild = results(row("one", (0.35, 0.45)), row("other", (0.45, 0.55)))
    assert calm.difference(calm.rows[1], calm.rows[0]).is_clear
    assert not wild.difference(wild.rows[1], wild.rows[0]).is_clear
    third = results(*calm.rows, row("wild", (0.2, 0.5)))  # which says nothing about the other two
    assert third.difference(third.rows[1], third.rows[0]).is_clear


def test_numbers_in_words_are_the_numbers():
    found = results(row("one", (0.4, 0.41)), row("two", (0.5, 0.51)))
    gain = found.difference(found.rows[1], found.rows[0])
    exact = found.rows[1].mean("top1") - found.rows[0].mean("top1")
    assert gain.value == pytest.approx(exact)
    assert f"by {100 * exact:.2f} points" in compare(found, *found.rows[::-1])


def test_games_are_compared_one_by_one():
    """Two networks that differ alike in every game differ clearly, however games differ."""
    hits = np.arange(5, 45)
    rows = []
    for title, more in (("one", 0), ("two", 1)):
        figures = measured((hits + more).tolist(), [1.0] * len(hits))
        rows.append(
            Row(
                entrant=Entrant(title=title, network=title),
                cost=Cost(parameters=1, multiply_adds=1),
                sweep=Sweep(nll={0.1: 1.0}),
                outcomes=(outcome(figures),),
            )
        )
    found = results(*rows)
    gain = found.difference(rows[1], rows[0])
    assert gain.low == pytest.approx(1 / MOVES)
    assert gain.high == pytest.approx(1 / MOVES)
    alone = found.estimate(rows[0])
    assert alone.high - alone.low > 0.05


def test_the_error_of_seeds_is_pooled_and_uses_student():
    samples = [(0.10, 0.12), (0.20, 0.22)]
    variance = 2 * 0.01**2  # of one sample: 0.01^2 + 0.01^2 over 1 degree of freedom
    expected = STUDENT[1] * np.sqrt(variance * (1 / 2 + 1 / 2))
    assert seed_error(samples) == pytest.approx(expected)
    assert seed_error([sample[:1] for sample in samples]) == 0.0


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        levels = 0.4 + rng.normal(0, 0.01, 4)
        found = results(row("one", levels[:2]), row("two", levels[2:]))
        for r in found.rows:  # other draws in every trial
            for o in r.outcomes:
                o.measured.units.hits[:] = rng.binomial(MOVES, o.measured.top1, 60).tolist()
        gain = found.difference(*found.rows)
        covered += gain.low <= 0 <= gain.high
    assert covered / 200 >= 0.9


def test_wall_time_is_told_where_it_differs():
    slow, quick = row("slow", (0.5, 0.5), seconds=600), row("quick", (0.4, 0.4), seconds=60)
    said = [line for line in findings(results(slow, quick)) if "trainings took" in line]
    assert "1.0 (quick) to 10.0 minutes (slow)" in said[0]
    at = top1_at(slow, 60)
    assert at == pytest.approx(slow.mean("top1") / 10)
    assert f"slow {100 * at:.1f} %" in said[0]
    same = findings(results(slow, row("other", (0.4, 0.4), seconds=601)))
    assert not any("trainings took" in line for line in same)


def probe(share, gap):
    return {
        "symmetries": {"positions": 9, "all": {"value": share, "interval": None}},
        "side": {"follows": {"value": share, "interval": [share - 0.1, share + 0.1]}, "moved": 7},
        "center": {"follows": None, "moved": 0},
        "exact": {"largest_gap": gap, "largest_logit": 10.0, "points": 5},
    }


def test_exact_is_said_only_of_gaps_that_are_rounding():
    exact = row("a", (0.4,), probes=(probe(0.5, 1e-5),))
    rough = row("b", (0.4,), probes=(probe(0.25, 1e-2),))
    first, second = pattern_findings(results(exact, rough))
    assert "50.0 % of the positions" in first
    assert "move along exactly, up to rounding" in first
    assert "25.0 % (15.0 to 35.0) of 7 cases" in second
    assert "move along not exactly: the largest gap is 1.0e-02" in second
