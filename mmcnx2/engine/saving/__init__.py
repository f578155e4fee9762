"""How checkpoints are written: whole and finite, at once or in the background, at any price."""
