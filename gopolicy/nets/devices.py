"""Where networks compute, and in which number format."""

import torch

from gopolicy.errors import ConfigError, wrong_kind


def pick_device(name: str = "auto") -> torch.device:
    """Return the device called name; ``auto`` prefers a GPU."""
    if not isinstance(name, str):
        raise wrong_kind("the name of a device such as cpu", name)
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(_unknown(name)) from error
    if device.type not in ("cpu", "cuda", "mps"):
        raise ConfigError(_unknown(name))
    if device.type == "cuda" and not 0 <= (device.index or 0) < torch.cuda.device_count():
        raise ConfigError(f"no CUDA device {device.index or 0} here; the devices cpu and auto are")
    if device.type == "mps" and not _has_mps():
        raise ConfigError("no MPS device here; the devices cpu and auto are")
    return device


def _unknown(name: str) -> str:
    return f"no device called {name!r}; known: auto, cpu, cuda, mps"


def has_fast_bfloat16(device: torch.device) -> bool:
    """Say whether the device multiplies bfloat16 matrices faster than float32 ones."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and (
        torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    )


def _has_mps() -> bool:
    return torch.backends.mps.is_available()
