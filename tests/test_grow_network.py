"""`tools/grow_network.py`: deeper networks answer as before, and tied ones stay tied."""

import pytest
import torch
from reference.tool_loader import load_tool

from gopolicy.errors import ConfigError
from gopolicy.nets.equivariance import keeps_when_tied, tie, untied_state
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.registry import build_network

SIZE, PLANES = 7, 12
pytestmark = pytest.mark.usefixtures("one_thread")


def small_network(*, tied: bool) -> PolicyNetwork:
    """Return a network as it is shipped: without normalizations."""
    torch.manual_seed(3)
    network = build_network(
        "alphago-res", planes=PLANES, size=SIZE, filters=16, layers=3, normalization="none"
    )
    if tied:
        twin = build_network("alphago-res", planes=PLANES, size=SIZE, **network.settings)
        tie(twin)
        network.load_state_dict(untied_state(twin))
    return network.eval()


@pytest.mark.parametrize("tied", [True, False])
def test_a_deeper_network_answers_as_before_and_can_go_on_as_it_was_trained(tied: bool) -> None:
    tool = load_tool("grow_network")
    torch.manual_seed(4)
    planes = [torch.randint(-1, 2, (64, PLANES, SIZE, SIZE)).float() for _ in range(2)]
    small = small_network(tied=tied)
    if tied:  # statistics of tied layers are those of positions seen every way round
        planes = [torch.cat([torch.rot90(x, k, (2, 3)) for k in range(4)]) for x in planes]
        planes = [torch.cat([x, x.flip(3)]) for x in planes]
    grown = tool.grow(small, 7, planes)
    assert grown.settings["layers"] == 7
    with torch.no_grad():
        torch.testing.assert_close(grown(planes[0]), small(planes[0]), rtol=1e-3, atol=1e-4)
    assert keeps_when_tied(grown) is tied


@pytest.mark.parametrize("layers", [1, 4])
def test_a_depth_that_cannot_be_had_is_refused(layers: int) -> None:
    with pytest.raises(ConfigError, match=rf"an odd number of layers from 3 on, got {layers}"):
        load_tool("grow_network").check_depth(small_network(tied=False), layers)
