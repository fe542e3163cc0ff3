"""Where networks compute, and in which number format."""

import torch

from gopolicy.errors import ConfigError


def pick_device(name: str = "auto") -> torch.device:
    """Return the device called name; ``auto`` prefers a GPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("no CUDA device here; use --device cpu or auto")
    if name == "mps" and not _has_mps():
        raise ConfigError("no MPS device here; use --device cpu or auto")
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"no device called {name!r}; known: auto, cpu, cuda, mps") from error


def has_fast_bfloat16(device: torch.device) -> bool:
    """Say whether the device multiplies bfloat16 matrices faster than float32 ones."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and (
        torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    )


def _has_mps() -> bool:
    """Say whether Apple's GPU is here."""
    return torch.backends.mps.is_available()
