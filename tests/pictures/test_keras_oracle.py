"""The published networks compute what Keras computes with the same weights.

Runs where Keras and h5py are installed (``pip install keras h5py``, with the PyTorch of this
package as its backend), and is skipped elsewhere.  Keras writes the file of weights itself.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gopolicy.pictures.keras_files import load_keras_weights
from gopolicy.pictures.zoo import ZOO, zoo_network

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

MODULES = {
    "ResNet50": "resnet",
    "InceptionV3": "inception_v3",
    "InceptionResNetV2": "inception_resnet_v2",
    "NASNetLarge": "nasnet",
    "NASNetMobile": "nasnet",
    **{f"DenseNet{layers}": "densenet" for layers in (121, 169, 201)},
}
"""Where Keras keeps the preprocessing, if it is not the name in small letters."""


@pytest.fixture(scope="module")
def keras() -> Any:
    pytest.importorskip("h5py", reason="needs h5py and keras", exc_type=ImportError)
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason="needs h5py and keras", exc_type=ImportError)
    if keras.backend.backend() != "torch":
        pytest.skip("Keras runs on another backend; set KERAS_BACKEND=torch")
    torch.set_num_threads(1)
    return keras


def build(keras: Any, title: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the model of Keras with random weights, and normalizations of their own."""
    from keras.src.applications import nasnet  # type: ignore[import-not-found, unused-ignore]

    if title == "NASNetMobile":  # refused on this backend, although it works
        monkeypatch.setattr(nasnet.backend, "backend", lambda: "another")
    model = getattr(keras.applications, title)(weights=None)
    monkeypatch.undo()
    generator = np.random.default_rng(1)
    for layer in model.layers:
        arrays = layer.get_weights()
        for place, variable in enumerate(layer.weights):
            if variable.path.endswith("moving_variance"):
                arrays[place] = generator.uniform(0.5, 1.5, arrays[place].shape)
            elif variable.path.endswith("gamma"):
                arrays[place] = generator.uniform(0.8, 1.2, arrays[place].shape)
            elif arrays[place].ndim == 1:
                arrays[place] = generator.normal(0, 0.05, arrays[place].shape)
        layer.set_weights(arrays)
    return model


@pytest.mark.parametrize("name", ZOO)
def test_the_output_is_that_of_keras(
    keras: Any,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    import h5py  # type: ignore[import-not-found, unused-ignore]
    from keras.src.legacy.saving import (  # type: ignore[import-not-found, unused-ignore]
        legacy_h5_format,
    )

    entry = ZOO[name]
    model = build(keras, entry.title, monkeypatch)
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    pictures = np.random.default_rng(2).integers(0, 256, (2, entry.side, entry.side, 3))
    module = getattr(keras.applications, MODULES.get(entry.title, entry.title.lower()))
    with torch.no_grad():
        prepared = module.preprocess_input(pictures.astype(np.float32))
        expected = model(prepared, training=False).detach().numpy()

    with torch.device("meta"):
        network = zoo_network(name).eval()
    load_keras_weights(network, tmp_path / "weights.h5")
    with torch.no_grad():
        pixels = torch.from_numpy(pictures.transpose(0, 3, 1, 2) / 255).float()
        found = network(pixels).softmax(1).numpy()
    record_property("largest difference", float(np.abs(found - expected).max()))
    record_property("largest probability", float(expected.max()))
    assert np.allclose(found, expected, rtol=1e-3, atol=1e-7)
    assert np.array_equal(found.argsort(1)[:, -5:], expected.argsort(1)[:, -5:])
    assert model.count_params() == network.total_count
