from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning import Trainer
from torch import Tensor
from torch.utils.data import DataLoader

from lightning_modules import compiling
from lightning_modules.callbacks import GradientNorms
from lightning_modules.compiling import check_compiler, compile_networks
from lightning_modules.cyclegan_baseline import CycleGANBaseline
from lightning_modules.errors import UsageError
from networks import PatchDiscriminator

MakeTrainer = Callable[..., Trainer]
CPU = torch.device("cpu")


def model(**options: Any) -> CycleGANBaseline:
    torch.manual_seed(0)
    return CycleGANBaseline(generator="resnet6", ngf=2, ndf=2, r1_weight=1.0, r1_interval=2, pool_size=0, **options)


@pytest.mark.parametrize("options", [{}, {"gradient_checkpointing": True}])
def test_compiled_training_is_the_same_and_its_checkpoint_resumes_without(
    options: dict[str, bool],
    make_faces: Callable[..., Any],
    make_trainer: MakeTrainer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """With R1 and measured gradients, which compiled graphs do not support; traced, but not compiled."""
    monkeypatch.setattr(compiling, "BACKEND", "aot_eager")
    loader = DataLoader(make_faces(6, side=32), batch_size=2)
    compiled, eager = model(compile=True, **options), model()
    names = list(compiled.state_dict())
    for each in (compiled, eager):
        trainer = make_trainer(max_steps=3, callbacks=[GradientNorms(every_n_steps=2)])
        trainer.fit(each, loader)
        if each is compiled:
            assert each.generators["cartoon"]._compiled_call_impl is not None
            trainer.save_checkpoint(tmp_path / "compiled.ckpt")
    assert list(compiled.state_dict()) == names == list(eager.state_dict())
    for name, value in eager.state_dict().items():
        if isinstance(value, Tensor) and value.dim() == 4:
            torch.testing.assert_close(compiled.state_dict()[name], value, rtol=1e-3, atol=1e-5)
    assert "compile" not in torch.load(tmp_path / "compiled.ckpt", weights_only=True)["hyper_parameters"]
    trainer = make_trainer(max_steps=4)
    trainer.fit(model(), loader, ckpt_path=str(tmp_path / "compiled.ckpt"))
    assert trainer.global_step == 4


@pytest.mark.timeout(600)
@pytest.mark.skipif(not (shutil.which("g++") or shutil.which("clang++")), reason="needs a C++ compiler")
def test_a_compiled_discriminator_is_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By the real compiler, in seconds; the networks of a training take minutes."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    torch.manual_seed(0)
    eager = PatchDiscriminator(ndf=2)
    compiled = copy.deepcopy(eager)
    compile_networks([compiled], CPU, are_graphs_kept=False)
    images = torch.randn(2, 3, 32, 32)
    scores, expected = compiled(images), eager(images)
    torch.testing.assert_close(scores, expected, rtol=1e-4, atol=1e-5)
    for each in (scores, expected):
        each.square().mean().backward()
    for ours, theirs in zip(compiled.parameters(), eager.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-5)
    assert list(tmp_path.rglob("*.so"))


def test_without_a_compiler_the_start_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    message = r"--model.compile true: .*no C\+\+ compiler \(g\+\+ or clang\+\+\)\ninstall"
    with pytest.raises(UsageError, match=message):
        check_compiler(CPU)


def test_a_broken_compiler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(graph: object, inputs: object) -> None:
        raise OSError("no space for kernels")

    monkeypatch.setattr(compiling, "BACKEND", broken)
    with pytest.raises(UsageError, match=r"--model.compile true: torch.compile does not work here: .*no space"):
        check_compiler(CPU)
