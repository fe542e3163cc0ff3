"""The wheel holds all that the package needs, and works away from the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import gopolicy

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command and return what it wrote to standard output."""
    env = {**os.environ, **environment}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel once."""
    pytest.importorskip("hatchling", reason="hatchling builds the wheel: pip install '.[test]'")
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (path,) = folder.glob("*.whl")
    return path


def files_under(folder: Path) -> set[str]:
    """Return the files of a folder as a wheel would name them."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {p.relative_to(folder).as_posix() for p in paths if "__pycache__" not in p.parts}


def test_the_wheel_holds_code_weights_samples_and_the_types_marker(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    code = {f"gopolicy/{name}" for name in files_under(ROOT / "gopolicy")}
    weights = {f"gopolicy/_weights/{name}" for name in files_under(ROOT / "weights")}
    assert code | weights <= names
    assert {"gopolicy/py.typed", "gopolicy/samples/games.zip", "gopolicy/samples/game.sgf"} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    outside = [n for n in zipfile.ZipFile(wheel).namelist() if not n.startswith("gopolicy")]
    assert outside == []


@pytest.mark.slow
def test_the_installed_wheel_runs_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target"]
    run(*install, site, wheel, cwd=tmp_path)
    output = run(site / "bin" / "gopolicy", "--help", cwd=tmp_path, PYTHONPATH=str(site))
    assert "usage: gopolicy" in output
    where = "import gopolicy; print(gopolicy.__file__, gopolicy.__version__)"
    found = run(sys.executable, "-c", where, cwd=tmp_path, PYTHONPATH=str(site)).split()
    assert found == [str(site / "gopolicy" / "__init__.py"), gopolicy.__version__]


@pytest.mark.slow
def test_the_installed_wheel_finds_its_weights(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    sgf = site / "gopolicy" / "samples" / "game.sgf"
    command = [sys.executable, "-m", "gopolicy", "predict", str(sgf), "--move", "20", "--json"]
    output = run(*command, cwd=tmp_path, PYTHONPATH=str(site))
    assert '"vertex"' in output
