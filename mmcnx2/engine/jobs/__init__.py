"""Jobs of several trainings: parts done once, tools run as a user would, sweeps."""
