from __future__ import annotations

from pathlib import Path

import pytest

from apps.ablation.matrix import known_variants, read_matrix
from datamodules.errors import DataError

CONFIGS = sorted((Path(__file__).parents[3] / "configs" / "ablation").iterdir())


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_matrix_is_variants_times_generators_times_seeds(tmp_path: Path) -> None:
    text = """
        seeds: [3, 1]
        generators: [resnet6]
        variants: {baseline: {generators: [unet, densenet]}, full: }
    """
    matrix = read_matrix(write(tmp_path, text))
    assert matrix.name == "ablation_mine"
    assert [cell.name for cell in matrix.cells] == [
        *("baseline-unet-seed3", "baseline-densenet-seed3", "full-resnet6-seed3"),
        *("baseline-unet-seed1", "baseline-densenet-seed1", "full-resnet6-seed1"),
    ]


def test_a_cell_s_commands_have_all_options(tmp_path: Path) -> None:
    text = """
        seeds: [7]
        options: {data.image_size: 64, model.wrong_labels: false, trainer.max_time: "00:01:00:00"}
        test_options: {evaluation.features: efficientnet_lite0}
        variants: {cond: {options: {model.wrong_labels: true, model.clip_grad_norm: null, trainer.devices: [0, 1]}}}
    """
    (cell,) = read_matrix(write(tmp_path, text), ["--trainer.accelerator=cpu"]).cells
    assert cell.fit_words(Path("/runs/ablation_mine"), Path("/data")) == [
        *("fit", "--config", "configs/cyclegan_cond.yaml", "--data.root", "/data"),
        *("--seed_everything", "7", "--model.generator", "resnet9"),
        *("--data.image_size", "64", "--model.wrong_labels", "true", "--trainer.max_time", "00:01:00:00"),
        *("--model.clip_grad_norm", "null", "--trainer.devices", "[0, 1]", "--trainer.accelerator=cpu"),
        *("--trainer.default_root_dir", "/runs", "--name", "ablation_mine", "--run", "cond-resnet9-seed7"),
    ]
    assert cell.test_words(Path("/best.ckpt"), Path("/data")) == [
        *("test", "--config", "configs/cyclegan_cond.yaml", "--data.root", "/data"),
        *("--evaluation.features", "efficientnet_lite0", "--trainer.accelerator=cpu"),
        *("--seed_everything", "7", "--ckpt_path", "/best.ckpt"),
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("seeds: [1", "is not valid YAML"),
        ("[1]", "it is .*, expected a table of"),
        ("seeds: [1]", "variants is None, expected a table"),
        ("{seeds: [1], variants: {}}", "variants is {}, expected a table of at least one"),
        ("{seeds: [1], variants: {best: }}", "variants has 'best', expected aligned, baseline, cond, full, landmark"),
        ("{variants: {full: }}", "seeds is None, expected a list of at least one whole number"),
        ("{seeds: [], variants: {full: }}", r"seeds is \[\], expected a list of at least one"),
        ("{seeds: [1, 1], variants: {full: }}", "seeds has 1 twice"),
        ("{seeds: [-1], variants: {full: }}", "seeds has -1, expected whole numbers"),
        ("{seeds: [true], variants: {full: }}", "seeds has True, expected whole numbers"),
        ("{seeds: [1], sedes: [2], variants: {full: }}", "it has the unknown key 'sedes'"),
        ("{seeds: [1], generators: [resnet], variants: {full: }}", "generators has 'resnet', expected resnet9, "),
        ("{seeds: [1], variants: {full: {generators: []}}}", r"full: generators is \[\]"),
        ("{seeds: [1], variants: {full: {option: {}}}}", "variants: full has the unknown key 'option'"),
        ("{seeds: [1], variants: {full: 3}}", "variants: full is 3, expected a table of generators, options"),
        ("{seeds: [1], options: [a], variants: {full: }}", "options is .*, expected options and their values"),
        ("{seeds: [1], options: {image_size: 3}, variants: {full: }}", "options has image_size, expected names that"),
        ("{seeds: [1], options: {data.root: x}, variants: {full: }}", "data.root, which the matrix sets itself"),
        ("{seeds: [1], options: {model.a: {b: 1}}, variants: {full: }}", "a table under model.a"),
        ("{seeds: [1], options: {evaluation.classifier: x}, variants: {full: }}", "options has evaluation.classifier"),
    ],
)
def test_mistakes_are_explained(text: str, complaint: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DataError, match=complaint) as raised:
        read_matrix(path)
    assert str(path) in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*nowhere\.yaml"):
        read_matrix(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_matrix_has_all_variants(path: Path) -> None:
    assert {cell.variant for cell in read_matrix(path).cells} == set(known_variants())
    assert len(CONFIGS) == 2
