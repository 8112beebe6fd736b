"""MTCNN: the three nets, the detection cascade, and a differentiable landmark regressor for losses."""

from __future__ import annotations

from networks.mtcnn.cascade import Cascade, CascadeSettings, Detections, Detector
from networks.mtcnn.exact import ExactCascade
from networks.mtcnn.facenet import import_facenet
from networks.mtcnn.losses import LandmarkLoss, StageLosses, of_crops, stage_losses
from networks.mtcnn.nets import MTCNN, SIDES, STAGES, ONet, PNet, RNet, StageName, StageOutput, face_score, normalise
from networks.mtcnn.regressor import LandmarkRegressor
from networks.mtcnn.weights import Card, load_weights, save_weights
from networks.weights_file import WeightsError

__all__ = [
    "MTCNN",
    "SIDES",
    "STAGES",
    "Card",
    "Cascade",
    "CascadeSettings",
    "Detections",
    "Detector",
    "ExactCascade",
    "LandmarkLoss",
    "LandmarkRegressor",
    "ONet",
    "PNet",
    "RNet",
    "StageLosses",
    "StageName",
    "StageOutput",
    "WeightsError",
    "face_score",
    "import_facenet",
    "load_weights",
    "normalise",
    "of_crops",
    "save_weights",
    "stage_losses",
]
