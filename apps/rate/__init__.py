"""``cartoongan rate``: a user study that rates the cartoons of several runs, and its results."""
