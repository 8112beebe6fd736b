"""``cartoongan serve``: a page and an API that turn photos into cartoons."""
