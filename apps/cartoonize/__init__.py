"""Turns arbitrary photos into cartoons; in Python, use ``apps.cartoonize.chain.Cartoonizer``."""
