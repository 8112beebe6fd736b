"""Image transforms between decoding and the network."""
