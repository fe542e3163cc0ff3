"""The release script refuses what should not be released."""

import shutil
import subprocess
from pathlib import Path

import pytest

import gopolicy

ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_a_tree_with_changes_is_not_released(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "release.sh", tmp_path / "tools")
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    done = subprocess.run(
        ["bash", tmp_path / "tools" / "release.sh"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.endswith("no release: the tree has changes\n")
    assert not (tmp_path / "dist").exists()


def test_the_citation_names_the_version() -> None:
    lines = (ROOT / "CITATION.cff").read_text("utf-8").splitlines()
    assert f"version: {gopolicy.__version__}" in lines
