"""The code that uses Lightning: the CycleGAN variants, the detector's stages, callbacks and the ``lightning`` command.

Classes are imported lazily, so that a command's help does not wait for PyTorch.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from lightning_modules.version import __version__ as __version__

if TYPE_CHECKING:
    from lightning_modules.attribute_classifier import AttributeClassifier
    from lightning_modules.cyclegan_aligned import CycleGANAligned
    from lightning_modules.cyclegan_baseline import CycleGANBaseline
    from lightning_modules.cyclegan_cond import CycleGANCond
    from lightning_modules.cyclegan_full import CycleGANFull
    from lightning_modules.cyclegan_landmark import CycleGANLandmark
    from lightning_modules.finisher import Finisher
    from lightning_modules.mtcnn_onet import MTCNNONet
    from lightning_modules.mtcnn_pnet import MTCNNPNet
    from lightning_modules.mtcnn_rnet import MTCNNRNet
    from lightning_modules.portrait import Portrait

__all__ = [
    "AttributeClassifier",
    "CycleGANAligned",
    "CycleGANBaseline",
    "CycleGANCond",
    "CycleGANFull",
    "CycleGANLandmark",
    "Finisher",
    "MTCNNONet",
    "MTCNNPNet",
    "MTCNNRNet",
    "Portrait",
]


def __getattr__(name: str) -> object:
    """Find a class by name in the modules of this package, so that a new variant needs no entry here."""
    for path in sorted(Path(__file__).parent.glob("*.py")) if name[:1].isupper() else ():
        if f"\nclass {name}(" in path.read_text(encoding="utf-8"):
            found: object = getattr(import_module(f"{__name__}.{path.stem}"), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
