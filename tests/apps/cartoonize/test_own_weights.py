"""The weights that come with the project, and what their card says of drawn faces."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from apps.cartoonize.chain import OWN_TRANSLATOR, CartoonFace, Cartoonizer
from datamodules.datasets.celeba import CelebA
from datamodules.images import find_images, read_rgb
from datamodules.sample_data import write_sample_data
from datamodules.samples import SPLITS, UNKNOWN, Attribute
from datamodules.transforms.augment import to_tensor
from lightning_modules.attribute_classifier import OWN_CLASSIFIER
from lightning_modules.finisher import OWN_FINISHERS, OWN_LARGE_FINISHER
from lightning_modules.matting import OWN_PORTRAIT
from networks.attribute_classifier import load_attribute_net
from networks.label_leak import label_leak
from networks.palette import hair_index, label_of_palette

ROOT = Path(__file__).parents[3]
CARD = OWN_TRANSLATOR.with_suffix(".md").read_text(encoding="utf-8")


def on_card(row: str) -> float:
    """The percentage in a row of the card's table."""
    found = re.search(rf"^\| {re.escape(row)} \|.*?([\d.]+) %", CARD, flags=re.MULTILINE)
    assert found, row
    return float(found[1])


@pytest.fixture(scope="module")
def unseen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn photos in CelebA's layout; training saw faces of another seed."""
    root = tmp_path_factory.mktemp("unseen") / "sample"
    write_sample_data(root, count=24, seed=1, progress=False)
    return root / "celeba"


@pytest.fixture(scope="module")
def drawn(unseen: Path) -> list[list[CartoonFace]]:
    """Of each drawn photo its cartoons in the four colours; none where no face was found."""
    cartoonizer = Cartoonizer(device="cpu")
    photos = find_images(unseen / "img_align_celeba")
    return [cartoonizer(read_rgb(path), cartoonizer.colors) for path in photos]  # type: ignore[arg-type]


def test_a_cartoon_of_nearly_every_drawn_face(drawn: list[list[CartoonFace]]) -> None:
    share = 100 * float(np.mean([bool(faces) for faces in drawn]))
    assert share == pytest.approx(on_card("drawn faces that become a cartoon"), abs=5)


def test_hair_has_the_colour_that_is_asked_for_by_classifier_and_by_palette(drawn: list[list[CartoonFace]]) -> None:
    classifier = load_attribute_net(OWN_CLASSIFIER)[0]
    hits: dict[str, list[float]] = {"classifier": [], "palette": []}
    for faces in filter(None, drawn):
        images = torch.stack([to_tensor(face.on_white) for face in faces])
        landmarks = np.stack([face.landmarks @ face.matrix[:, :2].T + face.matrix[:, 2] for face in faces])
        by_palette = label_of_palette(hair_index(images, torch.from_numpy(landmarks).float()))
        hits["classifier"] += (classifier(images).hair.argmax(dim=1) == torch.arange(4)).tolist()
        hits["palette"] += (by_palette == torch.arange(4)).tolist()
    for judge, values in hits.items():
        assert 100 * float(np.mean(values)) == pytest.approx(on_card(f"drawn faces, hair asked for, {judge}"), abs=5)


def test_the_hair_colour_stays_out_of_the_cheeks(drawn: list[list[CartoonFace]]) -> None:
    leaks = []
    for faces in filter(None, drawn):
        landmarks = faces[0].landmarks @ faces[0].matrix[:, :2].T + faces[0].matrix[:, 2]
        images = [to_tensor(face.on_white)[None] for face in faces]
        leaks.append(float(label_leak(images, torch.from_numpy(landmarks)[None].float()).cheeks))
    assert 100 * float(np.nanmean(leaks)) == pytest.approx(on_card("drawn faces, leak to the cheeks"), abs=3)


@pytest.mark.parametrize("attribute", Attribute, ids=str)
def test_attributes_are_kept_and_few_invented(
    attribute: Attribute, unseen: Path, drawn: list[list[CartoonFace]]
) -> None:
    classifier, words = load_attribute_net(OWN_CLASSIFIER)[0], attribute.name.lower().replace("_", " ")
    known = {
        name: int(value)
        for split in SPLITS
        for faces in [CelebA(unseen, split)]
        for name, value in zip(faces.names, faces.attributes[:, attribute], strict=True)
    }
    seen: dict[int, list[bool]] = {1: [], 0: [], UNKNOWN: []}
    for path, faces in zip(find_images(unseen / "img_align_celeba"), drawn, strict=True):
        images = torch.stack([to_tensor(face.on_white) for face in faces])
        seen[known[path.name]] += classifier(images).in_cartoons[:, attribute].tolist()
    kept, invented = (100 * float(np.mean(seen[value])) for value in (1, 0))
    assert kept == pytest.approx(on_card(f"drawn faces with {words}, kept"), abs=15)
    assert invented == pytest.approx(on_card(f"drawn faces without {words}, invented"), abs=6)


def test_cartoons_are_heads_on_nothing(drawn: list[list[CartoonFace]]) -> None:
    for faces in filter(None, drawn):
        alpha = faces[0].cartoon[..., 3]
        assert 0.2 < (alpha > 127).mean() < 0.95
        assert alpha[:3, :3].max() < 128


def test_all_weights_together_are_small_and_have_cards() -> None:
    finishers = [*OWN_FINISHERS.values(), OWN_LARGE_FINISHER]
    weights = [OWN_TRANSLATOR, *finishers, OWN_PORTRAIT]
    assert sum(path.stat().st_size for path in weights) < 12e6
    for path in weights:
        assert "CelebA" in path.with_suffix(".md").read_text(encoding="utf-8") or path in finishers
