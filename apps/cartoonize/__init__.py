"""``cartoongan cartoonize``: turns arbitrary photos into cartoons.

In Python, use ``from cartoonizer import Cartoonizer``. ``chain.py`` is the same chain in PyTorch, the reference for
tests and benchmarks.
"""
