"""What a user calls on a trained model beyond what the toolboxes' inferencers do."""
