"""Sizes that are searched for really match, counted in another way than the search counts."""

import pytest
import torch
from reference.fake_subject import FakeSubject
from torch.utils.flop_counter import FlopCounterMode

from gopolicy.compare.matching import cost, match
from gopolicy.compare.network_spec import NetworkSpec
from gopolicy.compare.plan import PlanOptions, make_groups
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.registry import build_network


class Board19(FakeSubject):
    shape = (20, 19, 19)

    def build(self, spec: NetworkSpec) -> PolicyNetwork:
        return build_network(spec.network, planes=20, size=19, **spec.settings)


def counted(spec: NetworkSpec, measure: str) -> int:
    """Count parameters as torch's state has them, multiply-adds as torch's counter does."""
    network = Board19().build(spec)
    if measure == "parameters":
        return sum(tensor.numel() for tensor in network.state_dict().values())
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, 20, 19, 19))
    return int(counter.get_total_flops()) // 2


@pytest.mark.parametrize("measure", ["parameters", "multiply_adds"])
@pytest.mark.parametrize(("filters", "layers"), [(32, 4), (24, 6)])
def test_dense_image_and_alphago_become_equal(measure: str, filters: int, layers: int) -> None:
    settings = {"alphago": {"filters": filters, "layers": layers}}
    options = PlanOptions(matches=(measure,), settings=settings)
    (group,) = make_groups(Board19(), options)
    assert [spec.network for spec in group.specs] == ["alphago", "dense", "image"]
    first, *others = (counted(spec, measure) for spec in group.specs)
    for other in others:
        assert other == pytest.approx(first, rel=0.05)


def test_the_ratio_is_that_of_the_network_found() -> None:
    plain = NetworkSpec(title="image", network="image")
    for wanted in (20_000, 100_000, 1_000_000):
        found = match(Board19(), plain, "parameters", wanted)
        spec = NetworkSpec(title="image", network="image", settings=found.settings)
        assert counted(spec, "parameters") / wanted == pytest.approx(found.ratio)
        assert found.ratio == pytest.approx(1, abs=0.03)


def test_a_network_keeps_its_shape_while_it_grows() -> None:
    found = match(
        Board19(), NetworkSpec(title="image", network="image"), "multiply_adds", 30_000_000
    )
    units, filters = (int(found.settings[name]) for name in ("units", "filters"))
    assert units / filters == pytest.approx(4, rel=0.5)


def test_settings_that_are_given_stay() -> None:
    plain = NetworkSpec(title="", network="alphago", settings={"layers": 3, "first_kernel": 7})
    found = match(Board19(), plain, "parameters", 50_000)
    assert found.settings["layers"] == 3
    assert found.settings["first_kernel"] == 7
    spec = NetworkSpec(title="", network="alphago", settings=found.settings)
    assert counted(spec, "parameters") == pytest.approx(50_000, rel=0.05)


def test_the_narrowest_network_is_found() -> None:
    found = match(Board19(), NetworkSpec(title="", network="dense"), "parameters", 10)
    assert found.settings["units"] == 1


def test_costs_build_no_weights() -> None:
    huge = NetworkSpec(title="", network="dense", settings={"units": 60_000})
    assert cost(Board19(), huge).parameters > 4_000_000_000
