"""What the project's servers share: security headers, sockets, uvicorn."""
