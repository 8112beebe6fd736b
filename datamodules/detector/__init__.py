"""What the detector is trained on: crops drawn on the fly from photos of crowds, faces with landmarks and cartoons."""
