#!/usr/bin/env python3
"""Make a deeper `alphago-res` network that answers as a shipped one, to train on from there.

Normalizations, which a shipped network has folded away, come back: a convolution keeps its kernels,
and its normalization gets the mean and variance that positions of a store show, and the factor and
offset that undo them.  New pairs of layers are put in with a last factor of zero, so that they
change nothing until they are trained.

    python tools/grow_network.py alphago-res-96x11 --layers 15 --data store --out grown
    gopolicy train --start grown --set equivariant=true --data store --out run ...
"""

import argparse
import copy

import torch
from torch import Tensor, nn

from gopolicy.data.loader import BatchLoader
from gopolicy.data.sampling import BatchPlan
from gopolicy.data.store import open_store
from gopolicy.errors import ConfigError, GoPolicyError
from gopolicy.nets.equivariance import IMAGES, keeps_when_tied, tie, untied_state
from gopolicy.nets.layers import ConvBlock
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.norm import BatchNorm
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import describe_network, load_weights, save_weights

BATCHES, BATCH = 40, 256


def check_depth(small: PolicyNetwork, layers: int) -> None:
    """Refuse a network that does not consist of pairs of layers, and one not to be deepened so."""
    if small.name != "alphago-res" or small.settings["normalization"] != "none":
        raise ConfigError("expected an alphago-res without normalizations")
    old = small.settings["layers"]
    assert isinstance(old, int)
    if layers % 2 == 0 or layers < old:
        raise ConfigError(f"expected an odd number of layers from {old} on, got {layers}")


def new_names(old_pairs: int, new_pairs: int) -> dict[str, str]:
    """Return where each old pair of layers stands in the deeper network: spread evenly."""
    places = [1 + round(k * (new_pairs - 1) / max(old_pairs - 1, 1)) for k in range(old_pairs)]
    return {f"pair{old}": f"pair{new}" for old, new in enumerate(places, 1)}


@torch.no_grad()
def statistics(network: PolicyNetwork, planes: list[Tensor]) -> dict[str, tuple[Tensor, Tensor]]:
    """Return mean and variance of every convolution's output channels, without its bias."""
    sums: dict[str, list[Tensor]] = {}

    def watch(name: str, block: ConvBlock) -> None:
        def hook(conv: nn.Module, _: object, output: Tensor) -> None:
            assert block.conv.bias is not None
            x = output.double() - block.conv.bias.double().view(1, -1, 1, 1)
            found = [x.mean((0, 2, 3)), x.square().mean((0, 2, 3))]
            sums[name] = (
                [a + b for a, b in zip(sums[name], found, strict=True)] if (name in sums) else found
            )

        block.conv.register_forward_hook(hook)

    for name, block in network.named_modules():
        if isinstance(block, ConvBlock) and block.conv.bias is not None:
            watch(name, block)
    for batch in planes:
        network(batch)
    means = {name: (a / len(planes), b / len(planes)) for name, (a, b) in sums.items()}
    return {name: (mean, square - mean.square()) for name, (mean, square) in means.items()}


@torch.no_grad()
def grow(small: PolicyNetwork, layers: int, planes: list[Tensor]) -> PolicyNetwork:
    """Return a deeper network with normalizations that computes what small does."""
    settings = small.settings | {"layers": layers, "normalization": "batch"}
    torch.manual_seed(1)
    grown = build_network(small.name, planes=small.planes, size=small.size, **settings)
    old_layers = small.settings["layers"]
    assert isinstance(old_layers, int)
    names = new_names((old_layers - 1) // 2, (layers - 1) // 2)
    found = statistics(small, planes)
    state = small.state_dict()
    for name, block in grown.named_modules():
        if name.endswith("layers.1") and name.split(".")[0] not in names.values():
            assert isinstance(block, ConvBlock)
            assert isinstance(block.norm, BatchNorm)
            assert block.norm.weight is not None
            block.norm.weight.zero_()
    for old, block in small.named_modules():
        first, _, rest = old.partition(".")
        new = ".".join(filter(None, [names.get(first, first), rest]))
        if not isinstance(block, ConvBlock):
            continue
        target = grown.get_submodule(new)
        assert isinstance(target, ConvBlock)
        target.conv.weight.copy_(state[f"{old}.conv.weight"])
        if isinstance(target.norm, BatchNorm):
            mean, variance = (family_mean(x) for x in found[old])
            deviation = (variance + target.norm.eps).sqrt()
            target.norm.running_mean.copy_(mean)
            target.norm.running_var.copy_(variance)
            assert target.norm.weight is not None
            target.norm.weight.copy_(deviation)
            target.norm.bias.copy_(state[f"{old}.conv.bias"] + mean)
        elif target.conv.bias is not None:
            target.conv.bias.copy_(state[f"{old}.conv.bias"])
    grown.get_parameter("position_bias.bias").copy_(state["position_bias.bias"])
    if keeps_when_tied(small):  # or it could not go on with tied kernels
        tied = copy.deepcopy(grown)
        tie(tied)
        grown.load_state_dict(untied_state(tied))
    return grown.eval()


def family_mean(values: Tensor) -> Tensor:
    """Return the mean over the eight images of each channel, for all of them."""
    families = values.view(IMAGES, -1)
    return families.mean(0).expand_as(families).reshape(-1)


def main() -> None:
    """Write a weight folder with the deeper network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", help="the network to begin with")
    parser.add_argument("--layers", type=int, required=True, help="layers of the new one, odd")
    parser.add_argument("--data", required=True, help="a store, for the statistics")
    parser.add_argument("--out", required=True, help="the weight folder to write")
    words = parser.parse_args()
    loaded = load_weights(words.weights)
    check_depth(loaded.network, words.layers)
    store = open_store(words.data)
    plan = BatchPlan(store.split("train"), BATCH, 1, None)
    planes: list[Tensor] = []
    with BatchLoader(store.table, plan, loaded.info.plane_set, stop_batch=BATCHES) as loader:
        planes = [torch.from_numpy(batch.planes).float() for batch in loader]
    grown = grow(loaded.network, words.layers, planes)
    with torch.no_grad():
        off = (grown(planes[0]) - loaded.network(planes[0])).abs().max()
    print(f"the answers of the two networks differ by at most {off:.2e}")
    save_weights(words.out, grown, describe_network(grown, loaded.info.plane_set, positions=0))


if __name__ == "__main__":
    try:
        main()
    except GoPolicyError as error:
        raise SystemExit(f"grow_network: {error}") from None
