"""``cartoongan page``: the chain in a browser, as files for any static host."""
