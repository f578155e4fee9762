"""What runs a model: launching, and later hooks and optimiser constructors."""
