"""The commands of README and docs are executed as they stand, with this machine's folders and small sizes added."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from apps.main import main as cartoongan
from lightning_modules.cli import main as lightning

ROOT = Path(__file__).parent.parent
CARTOONS = "cartoonset10k"
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = re.findall(r"\w+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("nav:")[2])
"""Of the documentation, in its order."""
DOCS = "".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in PAGES)
COMMANDS = list(
    dict.fromkeys(  # a command that stands on several pages is executed once
        line.partition("  # ")[0].strip()
        for block in re.findall(r"```bash\n(.*?)```", README + DOCS, flags=re.DOTALL)
        for line in block.splitlines()
    )
)
SMALL = {
    "--data.num_workers": "0",
    "--trainer.max_epochs": "1",
    "--trainer.limit_train_batches": "1",
    "--trainer.limit_val_batches": "1",
    "--trainer.accelerator": "cpu",
    "--trainer.enable_progress_bar": "false",
}
SMALL_CYCLEGAN = {"--data.image_size": "32", "--data.batch_size": "2", "--model.ngf": "4", "--model.ndf": "4"}
SMALL_OTHERS = {
    "128px": SMALL_CYCLEGAN | {"--data.image_size": "64"},  # two scales of discriminators
    "mtcnn": {"--data.batch_size": "32", "--data.epoch_size": "32", "--data.val_size": "32"},
    "portrait": {"--data.batch_size": "4", "--data.epoch_size": "8"},
    "attribute_classifier": {"--data.batch_size": "4", "--data.epoch_size": "8"},
}


def replaced(words: list[str], option: str, value: str) -> list[str]:
    """The words with another value of an option, where they have it."""
    return [value if before == option else word for before, word in zip(["", *words], words, strict=False)]


def run(command: str, folder: Path, sample_root: Path) -> int:
    program, *words = shlex.split(command)
    if program == "cartoongan":
        if words[:2] == ["data", "get"]:  # downloads have tests of their own, against a server of their own
            return cartoongan([*words[:2], "--help"])
        if words[:2] == ["detector", "train"]:  # it has tests of its own, with a budget of their own
            return cartoongan([*words[:2], "--help"])
        if words[:2] in (["data", "frames"], ["data", "mouths"]):
            words[2] = str(sample_root / CARTOONS)
        if words[0] == "rate":  # it serves until Ctrl-C; it has tests of its own
            return cartoongan([*words[: 1 + (words[1] == "report")], "--help"])
        if words[0] in {"serve", "page"}:  # as above; the page is fetched for by npm
            return cartoongan([words[0], "--help"])
        if words[0] == "cartoonize":
            words[1] = str(ROOT / words[1])
            words = replaced(words, "--model", str(folder / "mine.cartoon"))
        if words[:2] == ["weights", "average"]:
            words[2:4] = str(ROOT / words[2]), str(folder / Path(words[3]).relative_to("runs"))
        elif words[0] == "weights":
            words[2] = str(folder / words[2])
        if words[0] == "export":
            words[1] = str(folder / Path(words[1]).relative_to("runs"))
        if words[0] == "report":
            words[1] = str(folder / "cyclegan_cond")
        if words[0] == "figures":
            (home,) = (folder / "cyclegan_cond").iterdir()
            words = [*replaced(words, "--run", str(home)), "--faces", "1"]
        if words[:2] == ["detector", "eval"]:
            words = replaced([*words, "--limit", "2"], "--weights", str(folder / "mean.safetensors"))
        if words[0] == "detect":
            words[1] = str(sample_root / "lfw_net" / "lfw_5590")
        values = {"--count": "10", "--root": str(sample_root), "--per-class": "1"}
        values |= {"--photos": str(sample_root / "lfw_net" / "lfw_5590"), "--cartoons": str(sample_root / CARTOONS)}
        values |= {option: str(folder / path) for option, path in pairwise(words) if option in {"--json", "--draw"}}
        if words[0] == "sample-data":
            del values["--cartoons"]  # it is the name of a family here
        if "--out" in words:
            values["--out"] = str(folder / words[words.index("--out") + 1])
        for option, value in values.items():
            words = replaced(words, option, value)
        return cartoongan(words)
    assert program == "lightning"
    words = replaced(words, "--data.root", str(sample_root))
    words = replaced(words, "--data.index", str(folder / "hair.json"))
    words = replaced(words, "--data.exclude", str(folder / "exclude.csv"))
    words = replaced(words, "--data.cartoons", f"{CARTOONS},{folder / 'data' / 'big_ears'}")
    words = replaced(words, "--data.predict_dir", str(sample_root / "celeba" / "img_align_celeba"))
    words = replaced(words, "--out", str(folder / "cartoons"))
    words = replaced(words, "--model.weights", str(folder / "mtcnn_pnet" / "first" / "mtcnn.safetensors"))
    words += ["--trainer.default_root_dir", str(folder)]
    if "--model.pretrained" in words:
        trained = Path(words[words.index("--model.pretrained") + 1]).relative_to("runs")
        words = replaced(words, "--model.pretrained", str(folder / trained))
    if words[0] == "fit":
        is_resumed = "--ckpt_path" in words
        small = SMALL | next((sizes for name, sizes in SMALL_OTHERS.items() if name in command), SMALL_CYCLEGAN)
        options = {k: v for k, v in small.items() if not (is_resumed and k.startswith(("--model", "--data")))}
        if is_resumed:
            options["--trainer.max_epochs"] = "2"
        words += [word for pair in options.items() for word in pair]
    return lightning(words)


@pytest.mark.timeout(900)  # some sixty commands
def test_the_readme_s_commands_run_in_their_order(sample_root: Path, tmp_path: Path) -> None:
    ours = [command for command in COMMANDS if command.split()[0] in {"lightning", "cartoongan"}]
    assert len(ours) >= 13
    for command in ours:
        assert run(command, tmp_path, sample_root) == 0, command
    assert len(list((tmp_path / "cartoons").iterdir())) == 24
    assert {path.name for path in tmp_path.iterdir()} == {
        *("cartoons", "cyclegan_baseline", "clear_eyes", "data", "exclude.csv", "hair.json", "sheet.png"),
        *("generator_resnet", "generator_unet", "generator_densenet"),
        *("cyclegan_cond", "cyclegan_landmark", "cyclegan_aligned", "cyclegan_full"),
        *("faces.json", "drawn", "evaluation", "figure.png", "mtcnn_pnet", "mtcnn_rnet", "mean.safetensors"),
        *("attribute_classifier", "report", "figures", "portrait", "full_heads", ".mattes"),
        *("astronaut", "cartoons_grey", "pasted", "mine", "mine.cartoon"),
        *("paper_cyclegan_baseline", "paper_cyclegan_full", "full_256"),
    }


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("make ")])
def test_the_readme_s_targets_exist(command: str) -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed")
    target = command.split()[1]
    assert subprocess.run([make, "-n", target], cwd=ROOT, capture_output=True, check=False).returncode == 0
    assert re.search(
        rf"^{target} ",
        subprocess.run([make, "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout,
        re.M,
    )


def test_every_option_the_readme_names_exists() -> None:
    from datamodules.detector.module import DetectorDataModule
    from datamodules.faces import FacesDataModule
    from datamodules.portrait import PortraitDataModule
    from lightning_modules.base import BaseCycleGAN
    from lightning_modules.cyclegan_aligned import CycleGANAligned
    from lightning_modules.cyclegan_cond import CycleGANCond
    from lightning_modules.cyclegan_full import CycleGANFull
    from lightning_modules.cyclegan_landmark import CycleGANLandmark
    from lightning_modules.finisher import Finisher
    from lightning_modules.mtcnn import MTCNNStage

    models, data = (
        (BaseCycleGAN, CycleGANCond, CycleGANLandmark, CycleGANFull, CycleGANAligned, MTCNNStage, Finisher),
        (FacesDataModule, DetectorDataModule, PortraitDataModule),
    )
    known = {
        f"--{group}.{name}"
        for group, owners in (("model", models), ("data", data))
        for owner in owners
        for name in owner.__init__.__annotations__
    }
    named = set(re.findall(r"--(?:model|data)\.\w+", README + DOCS)) - {"--model.help", "--data.help"}
    assert named - known == set()


def test_pictures_and_links_lead_to_files() -> None:
    pages = {ROOT / "README.md": README, ROOT / "CONTRIBUTING.md": (ROOT / "CONTRIBUTING.md").read_text("utf-8")}
    pages |= {ROOT / "docs" / page: (ROOT / "docs" / page).read_text("utf-8") for page in PAGES}
    links = [
        (page, link.partition("#")[0])
        for page, text in pages.items()
        for link in re.findall(r"\]\(([^)\s]+)\)", text)
        if "://" not in link
    ]
    assert any(link.endswith(".png") for _, link in links)
    for page, link in links:
        assert (page.parent / link).is_file() or not link, f"{page}: {link}"


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_every_page_of_the_docs_is_in_the_menu() -> None:
    assert sorted(PAGES) == sorted(path.name for path in (ROOT / "docs").glob("*.md"))


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert code in (ROOT / "docs" / "getting_started.md").read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    exec(code.replace("docs/", f"{ROOT}/docs/"), {})
    assert (tmp_path / "one.png").is_file()
