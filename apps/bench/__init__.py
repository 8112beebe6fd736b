"""``cartoongan bench``: speed on this machine."""
