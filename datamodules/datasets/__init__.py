"""Everything that reads a data set, and the registry of the sets."""
