"""``cartoongan report``: compares tested runs in a table, and on a page with pictures."""
