"""What knows a Trainer: the CycleGAN variants, the detector's stages, their callbacks and the ``lightning`` command."""

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
