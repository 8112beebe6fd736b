"""Samplers: which faces are drawn, in which order, by which process."""
