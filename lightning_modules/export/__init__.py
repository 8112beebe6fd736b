"""Trained networks as files for products: ONNX, cards, and the `.cartoon` file that holds them all."""
