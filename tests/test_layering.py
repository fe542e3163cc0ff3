"""The package keeps its layers: who may import whom, who may print, who may need torch.

The source is read, not run, so an import hidden inside a function counts like any other.
"""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import gopolicy

PACKAGE = Path(gopolicy.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
FOUNDATION = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"} | {""}
BELOW: dict[str, set[str]] = {
    "go": set(),
    "samples": set(),
    "sgf": {"go"},
    "features": {"go"},
    "data": {"go", "sgf", "features"},
    "nets": set(),
    "draw": {"go", "nets"},
    "policy": {"go", "sgf", "features", "nets", "draw"},
    "play": {"go", "features", "nets", "policy"},
    "gtp": {"go", "sgf", "features", "policy", "play"},
    "queries": {"go", "policy", "play", "gtp"},
    "match": {"go", "sgf", "nets", "policy", "play", "gtp"},
    "training": {"go", "features", "data", "nets", "draw", "policy"},
    "evaluation": {"go", "sgf", "features", "data", "draw"},
    "views": {"go", "sgf", "features", "data", "nets", "draw", "policy"},
    "pictures": {"nets", "draw", "training", "views"},
    "bench": {"go", "features", "data", "nets", "policy", "play", "gtp", "training", "rl"},
    "rl": {"go", "sgf", "features", "data", "nets", "draw", "policy", "play", "training"},
    "web": {"go", "sgf", "features", "nets", "draw", "policy", "play", "views"},
}
BELOW["compare"] = set(BELOW) - {"rl", "web"}
BELOW["cli"] = set(BELOW)
BELOW["__main__"] = set(BELOW)
BELOW[""] = set(BELOW)  # the front door, which loads each name when it is used
WITHOUT_TORCH = FOUNDATION | {"go", "samples", "sgf", "features", "data", "draw"}
PRINTING = {"cli", "__main__"}
PICKLING = {"cloudpickle", "cPickle", "dill", "joblib", "marshal", "pickle", "shelve"}
COMMAND_PARTS = {"add_arguments", "details", "run"}
"""What every command of the command line has."""
VAGUE_NAMES = {"base", "common", "helpers", "misc", "util", "utils"}


def name_of(path: Path) -> str:
    """Return the path of a file inside the package, for test ids."""
    return path.relative_to(PACKAGE).as_posix()


each_file = pytest.mark.parametrize("path", FILES, ids=name_of)


def layer_of(path: Path) -> str:
    """Return the layer a file belongs to; the package's own __init__ belongs to the empty one."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def called_name(node: ast.Call) -> str:
    """Return the last part of the name that a call calls."""
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def keyword_of(node: ast.Call, name: str) -> object:
    """Return the constant given to a keyword of a call, or None."""
    for keyword in node.keywords:
        if keyword.arg == name and isinstance(keyword.value, ast.Constant):
            return keyword.value.value
    return None


def imports(source: str, package: tuple[str, ...]) -> Iterator[str]:
    """Yield the dotted name of everything that a module of the package imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [start, node.module]))
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and called_name(node) in {"import_module", "__import__"}:
            yield from (str(a.value) for a in node.args[:1] if isinstance(a, ast.Constant))


def imports_of(path: Path) -> set[str]:
    """Return the dotted names that a file of gopolicy imports."""
    package = ("gopolicy", *path.relative_to(PACKAGE).parts[:-1])
    return set(imports(path.read_text("utf-8"), package))


def layers_in(modules: set[str]) -> set[str]:
    """Return the layers of gopolicy among some dotted names."""
    inside = (module.split(".") for module in modules if module.split(".")[0] == "gopolicy")
    return {parts[1] if parts[1:] and not parts[1].startswith("__") else "" for parts in inside}


@each_file
def test_imports_point_downwards_only(path: Path) -> None:
    layer = layer_of(path)
    assert layer in FOUNDATION or layer in BELOW, f"{layer} is no layer of DESIGN"
    assert layers_in(imports_of(path)) <= FOUNDATION | BELOW.get(layer, set()) | {layer}


def test_the_import_reader_sees_every_way_to_import() -> None:
    source = """
import gopolicy.go.board as board
from gopolicy import nets
from . import table
from ..sgf import read
def late():
    from gopolicy.cli.output import print_json
    importlib.import_module("gopolicy.training.loop")
"""
    found = layers_in(set(imports(source, ("gopolicy", "data"))))
    assert found == {"go", "nets", "data", "sgf", "cli", "training"}


@each_file
def test_torch_stays_out_of_the_lower_layers(path: Path) -> None:
    if layer_of(path) in WITHOUT_TORCH:
        assert "torch" not in {module.split(".")[0] for module in imports_of(path)}


def test_the_lower_layers_load_without_torch() -> None:
    modules = [
        ".".join(["gopolicy", *path.relative_to(PACKAGE).with_suffix("").parts])
        for path in FILES
        if layer_of(path) in WITHOUT_TORCH and path.stem != "__init__"
    ]
    lines = [f"import {module}" for module in modules]
    run_python("\n".join([*lines, "import sys", "assert 'torch' not in sys.modules"]))


def test_no_help_text_needs_torch() -> None:
    run_python("""
import contextlib, io, sys
from gopolicy.__main__ import COMMANDS, main
for words in [["--help"], *([command, "--help"] for command in COMMANDS)]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main(words)
    assert "torch" not in sys.modules, words
""")


def run_python(code: str) -> None:
    """Run code in a fresh interpreter; fail with what it wrote."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@each_file
def test_only_the_command_line_prints(path: Path) -> None:
    if layer_of(path) in PRINTING:
        return
    for node in ast.walk(ast.parse(path.read_bytes())):
        assert not (isinstance(node, ast.Call) and called_name(node) == "print"), node.lineno
        if isinstance(node, ast.Attribute) and node.attr in {"stdout", "stderr"}:
            assert not (isinstance(node.value, ast.Name) and node.value.id == "sys"), node.lineno


@each_file
def test_nothing_is_pickled(path: Path) -> None:
    assert not {module.split(".")[0] for module in imports_of(path)} & PICKLING
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert keyword_of(node, "allow_pickle") is not True, node.lineno
            if ast.unparse(node.func) == "torch.load":
                assert keyword_of(node, "weights_only") is True, node.lineno


@each_file
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_bytes()))


def test_no_file_has_a_namesake_but_commands() -> None:
    files = [path for path in FILES if path.name != "__init__.py"]
    stems = [path.stem for path in files if layer_of(path) != "cli"]
    assert len(set(stems)) == len(stems)
    commands = {path.stem for path in files if layer_of(path) == "cli"}
    assert commands & set(stems) == {"board"}  # the command shows what the class Board holds


def test_no_class_or_function_has_a_namesake() -> None:
    homes: dict[str, set[str]] = defaultdict(set)
    for path in FILES:
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                homes[node.name].add(name_of(path))
    doubled = {name: files for name, files in homes.items() if len(files) > 1}
    assert doubled.keys() <= COMMAND_PARTS, doubled


@each_file
def test_no_file_has_a_vague_name_or_grows_out_of_hand(path: Path) -> None:
    assert path.stem not in VAGUE_NAMES
    assert len(path.read_text("utf-8").splitlines()) <= 420
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.FunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= 60, f"{node.name} has {lines} lines"
