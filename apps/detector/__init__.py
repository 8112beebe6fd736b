"""``cartoongan detector``: training and evaluating the face and landmark detector."""
