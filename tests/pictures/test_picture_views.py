"""Views of networks that look at pictures, against finite differences and plain twins."""

import numpy as np
import pytest
import torch
from reference.image_networks import image_network
from torch import Tensor
from torch.nn import functional as F

from gopolicy.errors import ConfigError, WeightsError
from gopolicy.nets.network import PictureShape
from gopolicy.nets.network_settings import ImageSettings
from gopolicy.nets.probe import takes
from gopolicy.pictures.dream import DreamOptions, deep_dream, excitement
from gopolicy.pictures.fool_pictures import BUDGETS, disguise, disguise_section
from gopolicy.pictures.maximize_pictures import (
    RATE,
    START,
    AscentOptions,
    Climb,
    ascent_section,
    degree,
    maximize,
)
from gopolicy.pictures.picture_lens import PictureLens, as_picture
from gopolicy.pictures.picture_views import picture_activations, slope_of
from gopolicy.pictures.picture_weights import LoadedImage, describe_image
from gopolicy.pictures.style import StyleOptions, deep_style, gram, map_layers
from gopolicy.pictures.zoo import zoo_network
from gopolicy.views.activations import as_maps, maps_picture


def tiny(channels: int = 1, side: int = 14, classes: int = 4) -> PictureLens:
    torch.manual_seed(2)
    settings = ImageSettings(filters=4, units=9, padding="same")
    network = image_network(PictureShape(channels, side, side), classes, settings).eval()
    names = [f"class {k}" for k in range(classes)]
    return PictureLens("tiny", LoadedImage(network, describe_image(network, names)), CPU)


CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def subject() -> PictureLens:
    return tiny()


@pytest.mark.parametrize("label", [0, 3])
def test_saliency_is_what_finite_differences_find(label: int) -> None:
    own = tiny()
    own.network.double()
    x = torch.rand(1, 1, 14, 14, generator=torch.Generator().manual_seed(1)).double()
    slope = slope_of(own, x, label)[0, 0]
    step = 1e-6
    with torch.no_grad():
        for row, column in ((0, 0), (3, 9), (7, 7), (13, 2)):
            up, down = x.clone(), x.clone()
            up[0, 0, row, column] += step
            down[0, 0, row, column] -= step
            difference = own.network(up)[0, label] - own.network(down)[0, label]
            assert slope[row, column] == pytest.approx(float(difference) / (2 * step), abs=1e-6)


def test_the_degree_of_activation_is_the_sum_over_all_places(subject: PictureLens) -> None:
    found = maximize(subject, "conv2", [0, 2, 5], Climb(steps=20))
    conv1, pool1, conv2 = list(subject.network.children())[:3]
    maps = conv2(pool1(conv1(found.pictures)))
    for place, unit in enumerate(found.units):
        by_hand = sum(float(a) for a in maps[place, unit].flatten())
        assert found.values[place] == pytest.approx(by_hand, rel=1e-4, abs=1e-5)
    assert degree(torch.ones(2, 3)).shape == (2, 3)


@pytest.mark.parametrize("layer", ["conv1", "dense", "head"])
def test_ascent_climbs_and_pixels_stay_between_0_and_1(subject: PictureLens, layer: str) -> None:
    start, end = (maximize(subject, layer, [0, 1, 2], Climb(steps=n)) for n in (1, 60))
    pairs = list(zip(start.values, end.values, strict=True))
    assert all(after >= before for before, after in pairs)
    assert any(after > before for before, after in pairs)
    assert 0 <= float(end.pictures.min()) <= float(end.pictures.max()) <= 1


@pytest.fixture(scope="module")
def mobile() -> PictureLens:
    """Return the one network of the zoo whose last layer is not its head."""
    torch.manual_seed(3)
    network = zoo_network("mobilenet", PictureShape(3, 32, 32), 3).eval()
    names = ["ant", "bee", "cat"]
    return PictureLens("mobile", LoadedImage(network, describe_image(network, names)), CPU)


def test_classes_are_maximized_where_a_layer_without_weights_comes_last(
    mobile: PictureLens,
) -> None:
    section = ascent_section(mobile, AscentOptions(names=["bee"], steps=2))
    assert list(section.findings["layers"]) == ["head"]
    assert section.findings["layers"]["head"][0]["class"] == "bee"


def test_of_a_deep_network_every_kind_of_layer_is_drawn(mobile: PictureLens) -> None:
    section = picture_activations(mobile, np.zeros((3, 32, 32), np.uint8), "black")
    names = list(section.findings["layers"])
    assert (names[0], names[-1]) == ("conv1", "head")
    kinds = [name.rstrip("0123456789") for name in names]
    assert min(kinds.count("depthwise"), kinds.count("pointwise")) >= 8
    assert "Shown are 24 of the 28 layers that learn" in section.text
    assert section.findings["layers"]["head"]["shape"] == [1, 2, 2]


def test_the_l1_term_is_taken_off_as_the_formula_says(subject: PictureLens) -> None:
    """The lecture's x* = argmax (y_i - weight * sum |x|), differentiated by torch itself."""
    climb = Climb(l1=0.7, steps=6, seed=3)
    found = maximize(subject, "head", [1], climb)
    noise = torch.rand(1, 1, 14, 14, generator=torch.Generator().manual_seed(3)) - 0.5
    x = (START + 0.2 * noise).requires_grad_()
    optimizer = torch.optim.Adam([x], lr=RATE)
    for _ in range(6):
        optimizer.zero_grad()
        (found.weights[0] * x.abs().sum() - subject.network(x)[0, 1]).backward()
        optimizer.step()
        with torch.no_grad():
            x.clamp_(0, 1)
    assert torch.allclose(found.pictures, x, atol=1e-5)
    first = (START + 0.2 * noise).requires_grad_()
    (slope,) = torch.autograd.grad(subject.network(first)[0, 1], first)
    assert found.weights[0] == pytest.approx(0.7 * float(slope.abs().mean()), rel=1e-4)


def test_the_l1_term_saves_ink(subject: PictureLens) -> None:
    plain, sparse = (maximize(subject, "head", [0, 1], Climb(l1=w, steps=60)) for w in (0, 2.0))
    assert all(less < more for less, more in zip(sparse.ink, plain.ink, strict=True))


def test_units_that_are_not_there_are_refused(subject: PictureLens) -> None:
    with pytest.raises(ConfigError, match="layer conv1 has filters 0 to 3, not 4"):
        maximize(subject, "conv1", [4])
    with pytest.raises(ConfigError, match="no layer called 'conv9'"):
        maximize(subject, "conv9", [0])


def test_a_disguise_stays_within_its_budget_and_is_as_sure_as_said(
    subject: PictureLens,
) -> None:
    x = torch.rand(1, 1, 14, 14, generator=torch.Generator().manual_seed(5))
    order = subject.probabilities(x)[0].argsort()[::-1]
    targets = [int(label) for label in order[1:]]
    found = disguise(subject, x, targets)
    assert [each.target for each in found] == targets
    for each in found:
        moved = (each.picture - x[0]).abs().max()
        assert float(moved) <= each.budget / 255 + 1e-6
        assert each.budget in BUDGETS
        assert float(each.picture.min()) >= 0
        assert float(each.picture.max()) <= 1
        share = subject.probabilities(each.picture[None])[0, each.target]
        assert each.probability == pytest.approx(float(share), abs=1e-5)
        if each.budget > BUDGETS[0]:
            assert each.probability > subject.probabilities(x)[0, each.target]


@pytest.mark.parametrize("factor", [0.0, 30.0])
def test_a_disguise_that_fails_is_called_so_and_does_not_count(factor: float) -> None:
    own = tiny()
    with torch.no_grad():
        for parameter in dict(own.network.named_children())["head"].parameters():
            parameter.mul_(factor)
    pixels = np.random.default_rng(3).integers(0, 256, (1, 14, 14), np.uint8)
    section = disguise_section(own, (pixels, "noise.png"))
    fooled = [each["budget"] for each in section.findings["disguises"] if each["fooled"]]
    assert bool(fooled) == bool(factor)
    assert section.findings["smallest_change"] == (min(fooled) if fooled else None)
    assert (section.headline["smallest change"] == "not fooled") == (not fooled)
    for each in section.findings["disguises"]:
        assert each["fooled"] == (each["probability"] >= 0.5)


def test_the_answers_for_classes_have_names(subject: PictureLens) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (1, 14, 14), np.uint8)
    section = picture_activations(subject, pixels, "noise.png")
    with torch.no_grad():
        row = subject.network(subject.input_of(pixels[None]))[0]
    assert f"Strongest: class {int(row.argmax())} {float(row.max()):.2f}" in (
        section.pictures[-1].caption
    )
    maps = as_maps(row)
    assert maps.shape == (1, -(-row.numel() // maps.shape[2]), maps.shape[2])  # no empty row
    named, plain = (maps_picture("tiny", "head", maps, c) for c in (subject.classes, ()))
    assert named.data != plain.data


def test_damaged_weights_are_one_error() -> None:
    own = tiny()
    with torch.no_grad():
        next(iter(own.network.parameters())).fill_(float("nan"))
    with pytest.raises(WeightsError, match="layer conv1 answers with numbers that are not finite"):
        picture_activations(own, np.zeros((1, 14, 14), np.uint8), "black")


def test_dreams_skip_sizes_that_are_too_small_for_the_network() -> None:
    torch.manual_seed(2)
    settings = ImageSettings(filters=2, kernel=13, units=4)
    network = image_network(PictureShape(1, 60, 60), 3, settings).eval()
    picture = torch.rand(1, 1, 60, 60, generator=torch.Generator().manual_seed(1))
    assert not takes(network, picture, (30, 60))
    dreamed = deep_dream(network, picture, "conv2", DreamOptions(octaves=3, steps=1))
    assert dreamed.shape == picture.shape


def colored(seed: int, height: int = 40, width: int = 32) -> Tensor:
    rng = np.random.default_rng(seed)
    small = torch.from_numpy(rng.random((1, 3, 8, 8), np.float32))
    return F.interpolate(small, (height, width), mode="bilinear")


def test_a_dream_excites_its_layer_and_keeps_the_size() -> None:
    own = tiny(channels=3)
    picture = colored(1)
    options = DreamOptions(octaves=2, steps=8)
    dreamed = deep_dream(own.network, picture, "conv2", options)
    assert dreamed.shape == picture.shape
    assert 0 <= float(dreamed.min()) <= float(dreamed.max()) <= 1
    before, after = (float(excitement(own.network, x, "conv2")) for x in (picture, dreamed))
    assert after > 1.5 * before


def test_neurons_cannot_dream(subject: PictureLens) -> None:
    with pytest.raises(ConfigError, match="gives no map of a picture"):
        deep_dream(subject.network, torch.rand(1, 1, 14, 14), "dense")


def test_a_gram_matrix_says_which_channels_answer_together() -> None:
    maps = torch.randn(1, 3, 4, 5)
    for i in range(3):
        for j in range(3):
            expected = float((maps[0, i] * maps[0, j]).mean())
            assert float(gram(maps)[i, j]) == pytest.approx(expected, abs=1e-5)


def test_style_comes_nearer_and_without_it_the_content_stays() -> None:
    own = tiny(channels=3)
    content, style = colored(1), colored(2, 24, 48)
    painted = deep_style(own.network, content, style, StyleOptions(steps=40))
    assert painted.style_loss[1] < 0.7 * painted.style_loss[0]
    assert painted.picture.shape == content.shape
    kept = deep_style(own.network, content, style, StyleOptions(steps=10, strength=0.0))
    assert kept.content_loss < painted.content_loss
    assert float((kept.picture - content).abs().mean()) < 0.06


def test_layers_of_maps_end_where_pictures_of_any_size_do() -> None:
    own = tiny(channels=3)
    assert map_layers(own.network, colored(1)) == ["conv1", "conv2"]
    with pytest.raises(ConfigError, match="conv7"):
        deep_style(own.network, colored(1), colored(2), StyleOptions(style_layers=["conv7"]))


def test_pictures_keep_their_pixels_when_enlarged() -> None:
    x = torch.tensor([[[0.0, 1.0], [0.5, 0.25]]])
    picture = as_picture(x, least_side=6)
    assert picture.size == (6, 6)
    values = np.asarray(picture.convert("L"))
    assert values[::3, ::3].tolist() == [[0, 255], [128, 64]]
    assert (values[:3, :3] == 0).all()
