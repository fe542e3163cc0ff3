#!/usr/bin/env bash
# Lint, types, formatting, the pages of docs/ and tests: `tools/check.sh`; one part: `tools/check.sh
# lint`, `docs` or `tests`.  Two parts run only by name: `nojit`, the kernels as plain Python, and
# `bounds`, the kernels compiled with checks of every index.
set -euo pipefail
cd "$(dirname "$0")/.."

part="${1:-all}"
case "$part" in
    all | lint | docs | tests | nojit | bounds) ;;
    *) echo "expected lint, docs, tests, nojit or bounds, got $part" >&2; exit 2 ;;
esac

if [[ "$part" == all || "$part" == lint ]]; then
    ruff check .
    ruff format --check .
    mypy
fi
if [[ "$part" == docs ]] || { [[ "$part" == all ]] && command -v mkdocs > /dev/null; }; then
    site="$(mktemp -d)"
    trap 'rm -rf "$site"' EXIT
    mkdocs build --strict --quiet --site-dir "$site"
elif [[ "$part" == all ]]; then
    echo "no mkdocs (pip install -c tools/constraints.txt -e '.[docs]'): docs/ not built" >&2
fi
if [[ "$part" == all || "$part" == tests ]]; then
    pytest -n 2 -m "not slow"
fi
if [[ "$part" == nojit ]]; then
    # Hashes and counts of bits wrap around, of which NumPy warns in plain Python.
    NUMBA_DISABLE_JIT=1 pytest -n 2 -m "not slow" -W "ignore:overflow encountered:RuntimeWarning" \
        tests/go/test_{diagrams,scoring,symmetry,vertex}.py tests/features/test_{encode,ladders}.py \
        tests/data/test_{build,table}.py tests/play/test_only_black_and_white_play.py \
        tests/rl/test_environment.py
fi
if [[ "$part" == bounds ]]; then
    # The folder of compiled kernels is named after this setting too (gopolicy/jit.py).
    NUMBA_BOUNDSCHECK=1 pytest -n 2 -m "not slow" tests/go tests/features tests/play tests/rl
fi
