"""What the project's servers share: headers, refusals, a quiet uvicorn."""
