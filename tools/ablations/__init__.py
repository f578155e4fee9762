"""What ``tools/ablate.py`` is made of: the paper's tables, their runs, what comes out of them."""
