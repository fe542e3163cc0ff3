"""The one decorator under which numba kernels are compiled.

numba's disk cache watches only the file that defines a kernel, so an edit in a helper's file leaves
stale machine code behind.  Here the cache folder is named after the contents of every file that
kernels are made from, so any edit and any other numba version starts a fresh folder.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")

_config: Any = numba.config


def _cache_dir() -> str:
    """Return a folder named after everything that can change the machine code."""
    digest = hashlib.sha256(f"{numba.__version__} {_config.BOUNDSCHECK}".encode())
    root = Path(__file__).parent
    for path in sorted([*root.rglob("*kernels.py"), root / "go" / "types.py", Path(__file__)]):
        digest.update(path.read_bytes())
    home = os.environ.get("GOPOLICY_CACHE") or Path.home() / ".cache" / "gopolicy"
    return str(Path(home, f"kernels-{digest.hexdigest()[:12]}"))


_CACHE_DIR = _cache_dir()


def _compile(fn: Callable[P, R], *, inline: bool, folder: str = "") -> Callable[P, R]:
    outer, _config.CACHE_DIR = _config.CACHE_DIR, str(Path(_CACHE_DIR, folder))
    # numba's type stubs do not know _nrt, which leaves reference counting out.
    options: Any = {"nogil": True, "cache": True, "error_model": "numpy", "_nrt": False}
    try:
        return cast("Callable[P, R]", numba.njit(forceinline=inline, **options)(fn))
    finally:
        _config.CACHE_DIR = outer


def kernel(fn: Callable[P, R]) -> Callable[P, R]:
    """Compile fn in nopython mode without the GIL, keeping its signature for type checkers.

    Kernels allocate nothing: they work in arrays that the caller hands in.  That allows numba's
    reference counting to be left out, which makes the rules three times as fast.
    """
    return _compile(fn, inline=False)


def kernel_of(folder: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator like `kernel` for one of several functions that share their source.

    They differ in the numbers they close over, and each set of numbers needs a folder of its own:
    numba numbers the files of one source without a lock, so two processes that compile for
    different numbers at once might otherwise take each other's machine code.
    """

    def compiled(fn: Callable[P, R]) -> Callable[P, R]:
        return _compile(fn, inline=False, folder=folder)

    return compiled


def small_kernel(fn: Callable[P, R]) -> Callable[P, R]:
    """Compile fn like `kernel`, and have it inlined wherever kernels call it."""
    return _compile(fn, inline=True)
