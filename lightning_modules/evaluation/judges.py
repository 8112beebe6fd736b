"""Who judges generated faces: networks that had no part in training what they judge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import nn

from lightning_modules.errors import UsageError
from lightning_modules.runs import project_root
from networks.feature_extractors import EfficientNetFeatures, FeatureExtractor, InceptionFeatures, cached_inception
from networks.mtcnn import LandmarkRegressor, load_weights
from networks.probe import FaceProbe, load_probe
from networks.weights_file import WeightsError, fingerprint

FeatureName = Literal["auto", "inception", "efficientnet_lite0"]

OWN_PROBE = project_root() / "weights" / "probe.safetensors"
OWN_LANDMARKS = project_root() / "weights" / "landmark_judge.safetensors"


@dataclass(frozen=True)
class JudgeFiles:
    """Which judges to take.

    Attributes:
        features: Extractor of the distances: "inception" (FID and KID proper; downloads its weights), the
            "efficientnet_lite0" that needs no download, or "auto": Inception where its weights are at hand.
        inception: File of the Inception weights of torch-fidelity.
        probe: File of a probe; by default the project's own.
        landmarks: File of a detector whose landmark regressor judges; by default the project's own judge, which was
            trained apart from the detector in the losses.
    """

    features: FeatureName = "auto"
    inception: str | None = None
    probe: str | None = None
    landmarks: str | None = None


class Judges(nn.Module):
    """The judges, frozen, and what is known of them.

    Args:
        features: Extractor of the distances.
        probe: Judge of hair and glasses.
        landmarks: Judge of landmarks.
        cards: By judge its name and its own accuracies.
    """

    def __init__(
        self,
        features: FeatureExtractor,
        probe: FaceProbe,
        landmarks: LandmarkRegressor,
        cards: dict[str, dict[str, object]],
    ) -> None:
        super().__init__()
        self.features, self.probe, self.landmarks = features, probe, landmarks
        self.cards = cards
        self.requires_grad_(False).eval()

    @classmethod
    def of_files(cls, files: JudgeFiles, in_the_loss: Path | None = None) -> Judges:
        """Load the judges.

        Args:
            files: Which.
            in_the_loss: The detector that the model's landmark loss looks through; it cannot be the judge.

        Raises:
            UsageError: A file is missing or cannot be used; the message names the option.
        """
        probe_path = Path(files.probe).expanduser() if files.probe else OWN_PROBE
        landmarks_path = Path(files.landmarks).expanduser() if files.landmarks else OWN_LANDMARKS
        try:
            probe, accuracies = load_probe(probe_path)
        except WeightsError as error:
            raise UsageError(f"{error} (--evaluation.probe)") from error
        try:
            nets, card = load_weights(landmarks_path)
        except WeightsError as error:
            raise UsageError(f"{error} (--evaluation.landmarks)") from error
        if in_the_loss is not None and fingerprint(in_the_loss) == fingerprint(landmarks_path):
            raise UsageError(
                f"--evaluation.landmarks {landmarks_path} is the detector in this model's loss, and no judge of it; "
                "give another"
            )
        features = _extractor(files)
        own_errors = card.details.get("judge")
        cards: dict[str, dict[str, object]] = {
            "features": {"name": features.name},
            "probe": {"name": _name(probe_path), **accuracies},
            "landmarks": {"name": _name(landmarks_path), **(own_errors if isinstance(own_errors, dict) else {})},
        }
        return cls(features, probe, LandmarkRegressor(nets.onet), cards)


def _extractor(files: JudgeFiles) -> FeatureExtractor:
    inception = Path(files.inception).expanduser() if files.inception else None
    if files.features == "efficientnet_lite0" or (files.features == "auto" and not (inception or cached_inception())):
        return EfficientNetFeatures()
    try:
        return InceptionFeatures(inception)
    except WeightsError as error:
        raise UsageError(f"{error} (--evaluation.inception)") from error


def _name(path: Path) -> str:
    return f"{path.name} {fingerprint(path)}"
