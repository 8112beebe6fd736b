"""``cartoongan ablation``: train, test and report a whole table of runs."""
