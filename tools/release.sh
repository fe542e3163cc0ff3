#!/usr/bin/env bash
# Build the packages of a release into dist/, from a clean tree that passes all checks.
set -euo pipefail
cd "$(dirname "$0")/.."

refuse() {
    echo "no release: $1" >&2
    exit 1
}

if [[ -n "$(git status --porcelain)" ]]; then
    git status --short >&2
    refuse "the tree has changes"
fi
version="$(hatchling version)"
grep -q "^## $version (20" CHANGELOG.md || refuse "CHANGELOG.md has no dated entry for $version"
grep -q "^version: $version$" CITATION.cff || refuse "CITATION.cff names another version"
if git rev-parse -q --verify "refs/tags/v$version" > /dev/null; then
    refuse "the tag v$version is there already"
fi
command -v mkdocs > /dev/null || refuse "no mkdocs to build docs/ with"
tools/check.sh
rm -rf dist
hatchling build
echo "dist/ has $version; what is left: git tag v$version, and to publish both"
