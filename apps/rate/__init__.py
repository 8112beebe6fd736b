"""``cartoongan rate``: asking people how good the cartoons of several runs are, and what they said."""
