"""``cartoongan report``: what tested runs reached, in one table, and what it looks like, on one page."""
