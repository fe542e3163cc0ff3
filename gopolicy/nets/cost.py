"""What a network costs: multiply-adds of one forward pass, counted layer by layer."""

import torch
from torch import Tensor, nn


def multiply_adds(network: nn.Module, shape: tuple[int, ...]) -> int:
    """Return the multiplications with a weight in one forward pass for one input [C, H, W].

    Convolutions and dense layers count, zeros around a picture included; biases, normalizations,
    activations and pooling do not.  Shapes are found on the meta device, so it costs no memory.
    """
    total = 0

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], out: Tensor) -> None:
        nonlocal total
        weight = layer.weight
        assert isinstance(weight, Tensor)
        places = out.shape[2:].numel() if isinstance(layer, nn.Conv2d) else 1
        total += weight.numel() * places

    weighted = [part for part in network.modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    hooks = [part.register_forward_hook(count) for part in weighted]
    state = {
        name: tensor.detach().to("meta")
        for name, tensor in (*network.named_parameters(), *network.named_buffers())
    }
    training = network.training
    try:
        picture = torch.empty((1, *shape), device="meta")
        torch.func.functional_call(network.eval(), state, (picture,))
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return total
