"""What is done to an image between its file and a network."""
