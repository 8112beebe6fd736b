"""Training data of the detector: crops cut on the fly from crowd photos, portraits with landmarks, and cartoons."""
