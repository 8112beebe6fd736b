"""A page and an API that turn photos into cartoons; the extra ``serve`` brings starlette and uvicorn."""
