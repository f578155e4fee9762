"""What each command that trains decides by its data, and how a shipped config says it."""
