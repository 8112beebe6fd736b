"""What knows a Trainer: the CycleGAN variants, the detector's stages, their callbacks and the ``lightning`` command.

Classes are imported when they are first used, so that a command's help does not wait for PyTorch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from lightning_modules.version import __version__ as __version__

if TYPE_CHECKING:
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
    from lightning_modules.probe import Probe

_MODULES = {
    "CycleGANAligned": "cyclegan_aligned",
    "CycleGANBaseline": "cyclegan_baseline",
    "CycleGANCond": "cyclegan_cond",
    "CycleGANFull": "cyclegan_full",
    "CycleGANLandmark": "cyclegan_landmark",
    "Finisher": "finisher",
    "MTCNNONet": "mtcnn_onet",
    "MTCNNPNet": "mtcnn_pnet",
    "MTCNNRNet": "mtcnn_rnet",
    "Portrait": "portrait",
    "Probe": "probe",
}
"""Class -> its module."""

__all__ = [
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
    "Probe",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found
