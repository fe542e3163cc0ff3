#!/usr/bin/env bash
# Lint, types, formatting and tests: `tools/check.sh`; without the tests: `tools/check.sh lint`.
set -euo pipefail
cd "$(dirname "$0")/.."

ruff check .
ruff format --check .
mypy
if [[ "${1:-}" != lint ]]; then
    pytest -n 2 -m "not slow"
fi
