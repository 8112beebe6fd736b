"""``cartoongan detector``: training and measuring the face and landmark detector."""
