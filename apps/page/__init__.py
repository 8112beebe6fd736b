"""``cartoongan page``: a static page that runs the whole chain in the browser."""
