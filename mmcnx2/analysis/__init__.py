"""Looking at what was trained: curves, reconstructions, pages."""
