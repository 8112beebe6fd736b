"""Exports trained networks for products: ONNX files, their cards, and the ``.cartoon`` file that bundles them."""
