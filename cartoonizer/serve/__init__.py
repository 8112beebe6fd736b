"""A page and an API that turn photos into cartoons; needs the extra ``serve`` (starlette, uvicorn)."""
