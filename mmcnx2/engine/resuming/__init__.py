"""Where a run begins: which folder is its own, which checkpoint it goes on from, and as what."""
