"""What people touch: the ``cartoongan`` command and what it runs."""
