"""Which faces are drawn, in which order and by which processes."""
