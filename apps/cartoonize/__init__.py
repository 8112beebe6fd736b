"""Photos of any kind to cartoons; in Python ``apps.cartoonize.chain.Cartoonizer``."""
