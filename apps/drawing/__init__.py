"""Drawing and writing of pictures, for all commands."""
