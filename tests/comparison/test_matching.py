"""Sizes that are searched for really match, counted in another way than the search counts."""

import pytest
import torch
from reference.fake_subject import FakeSubject
from torch.utils.flop_counter import FlopCounterMode

from gopolicy.comparison.entrant import Entrant
from gopolicy.comparison.matching import cost, match
from gopolicy.comparison.plan import PlanOptions, make_groups
from gopolicy.nets.registry import build_network


class Board19(FakeSubject):
    shape = (20, 19, 19)

    def build(self, entrant):
        return build_network(entrant.network, planes=20, size=19, **entrant.settings)


def counted(entrant: Entrant, measure: str) -> int:
    """Count parameters as torch's state has them, multiply-adds as torch's counter does."""
    network = Board19().build(entrant)
    if measure == "parameters":
        return sum(tensor.numel() for tensor in network.state_dict().values())
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, 20, 19, 19))
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("measure", ["parameters", "multiply_adds"])
@pytest.mark.parametrize(("filters", "layers"), [(32, 4), (24, 6)])
def test_dense_image_and_alphago_become_equal(measure, filters, layers):
    settings = {"alphago": {"filters": filters, "layers": layers}}
    options = PlanOptions(matches=(measure,), settings=settings)
    (group,) = make_groups(Board19(), options)
    assert [entrant.network for entrant in group.entrants] == ["alphago", "dense", "image"]
    first, *others = (counted(entrant, measure) for entrant in group.entrants)
    for other in others:
        assert other == pytest.approx(first, rel=0.05)


def test_the_ratio_is_that_of_the_network_found():
    plain = Entrant(title="image", network="image")
    for wanted in (20_000, 100_000, 1_000_000):
        found = match(Board19(), plain, "parameters", wanted)
        entrant = Entrant(title="image", network="image", settings=found.settings)
        assert counted(entrant, "parameters") / wanted == pytest.approx(found.ratio)
        assert found.ratio == pytest.approx(1, abs=0.03)


def test_a_network_keeps_its_shape_while_it_grows():
    found = match(Board19(), Entrant(title="image", network="image"), "multiply_adds", 30_000_000)
    assert found.settings["units"] / found.settings["filters"] == pytest.approx(4, rel=0.5)


def test_settings_that_are_given_stay():
    plain = Entrant(title="", network="alphago", settings={"layers": 3, "first_kernel": 7})
    found = match(Board19(), plain, "parameters", 50_000)
    assert found.settings["layers"] == 3
    assert found.settings["first_kernel"] == 7
    entrant = Entrant(title="", network="alphago", settings=found.settings)
    assert counted(entrant, "parameters") == pytest.approx(50_000, rel=0.05)


def test_the_narrowest_network_is_found():
    found = match(Board19(), Entrant(title="", network="dense"), "parameters", 10)
    assert found.settings["units"] == 1


def test_costs_build_no_weights():
    huge = Entrant(title="", network="dense", settings={"units": 60_000})
    assert cost(Board19(), huge).parameters > 4_000_000_000
