"""``cartoongan data``: getting, checking and preparing the data sets."""
