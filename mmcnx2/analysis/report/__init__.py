"""One page about a run: is it learning, what its features are like, what to do next."""
