"""Drawings of networks."""

import re
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from PIL import Image
from reference.image_networks import image_network

from gopolicy.draw.network_layout import arrange
from gopolicy.draw.network_picture import FILL, write_network
from gopolicy.errors import ConfigError
from gopolicy.nets.folding import fold
from gopolicy.nets.graph import GraphNode, trace, trace_image
from gopolicy.nets.network import PictureShape
from gopolicy.nets.registry import build_network
from gopolicy.pictures.zoo import zoo_network


@pytest.fixture(scope="module")
def branching() -> list[GraphNode]:
    """Return a network with branches and with lines that pass over rows."""
    with torch.device("meta"):
        return trace_image(zoo_network("inception-v3", PictureShape(3, 96, 96), 7))


def digits() -> list[GraphNode]:
    return trace_image(image_network(PictureShape(1, 28, 28), 10))


def test_rows_follow_the_flow_and_nothing_overlaps(branching: list[GraphNode]) -> None:
    layout = arrange(branching, lambda node: 10.0 + len(node.title))
    for path in layout.edges:
        rows = [layout.places[number].row for number in path]
        assert rows == list(range(rows[0], rows[0] + len(path)))
    by_row: dict[int, list[Any]] = {}
    for place in layout.places:
        by_row.setdefault(place.row, []).append(place)
    for row in by_row.values():
        for one, two in combinations(row, 2):
            assert abs(one.x - two.x) > (one.width + two.width) / 2
    assert min(place.x - place.width / 2 for place in layout.places) == 0


def test_every_connection_is_drawn_once(branching: list[GraphNode]) -> None:
    layout = arrange(branching, lambda node: 20.0)
    drawn = {(path[0], path[-1]) for path in layout.edges}
    wanted = {(s, n) for n, node in enumerate(branching) for s in node.sources}
    assert drawn == wanted
    assert len(layout.edges) == len(wanted)


def test_a_chain_is_a_straight_column() -> None:
    layout = arrange(digits(), lambda node: 5.0 + 3 * len(node.title))
    assert max(p.x for p in layout.places) - min(p.x for p in layout.places) < 1e-6
    assert layout.rows == 8


def test_a_png_has_a_box_of_its_color_for_every_kind(
    tmp_path: Path, branching: list[GraphNode]
) -> None:
    write_network(tmp_path / "x.png", branching, "A network")
    with Image.open(tmp_path / "x.png") as picture:
        picture.load()
        counted = picture.convert("RGB").getcolors(1 << 24)
    assert counted is not None
    colors = {color for _, color in counted}
    assert set(FILL.values()) <= colors


def test_an_svg_holds_every_layer_once(tmp_path: Path) -> None:
    write_network(tmp_path / "x.svg", digits(), "Digits <1 & 2>")
    root = ElementTree.parse(tmp_path / "x.svg").getroot()
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[-len(FILL) - 1] == "Digits <1 & 2>"
    assert texts[:4] == [
        "input", "1 x 28 x 28", "3x3 conv, 25 filters, ReLU", "conv1: 25 x 26 x 26, 250 parameters"
    ]  # fmt: skip
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))) == 7


def test_dot_names_layers_and_connections(tmp_path: Path) -> None:
    write_network(tmp_path / "x.dot", digits(), 'A "network"')
    text = (tmp_path / "x.dot").read_text()
    assert re.findall(r"n(\d+) -> n(\d+);", text) == [(str(n), str(n + 1)) for n in range(7)]
    assert 'label="A \\"network\\""' in text


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.png, \.svg, \.dot"):
        write_network(tmp_path / "x.pdf", digits(), "")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("folded", [True, False])
@pytest.mark.parametrize("pooled", [0, 4])
@pytest.mark.parametrize("layers", [1, 4, 5])
def test_a_network_with_a_pooled_head_is_a_graph(pooled: int, layers: int, folded: bool) -> None:
    settings = {"filters": 8, "layers": layers, "pooled": pooled}
    network = build_network("alphago-res", planes=4, size=5, **settings)
    nodes = trace(fold(network) if folded else network, (4, 5, 5))
    assert nodes[-1].shape == (25,)
    used = {source for node in nodes for source in node.sources}
    assert used == set(range(len(nodes) - 1))
    titles = [node.title for node in nodes]
    assert titles.count("mean of the board") == titles.count("maximum of the board") == (pooled > 0)
