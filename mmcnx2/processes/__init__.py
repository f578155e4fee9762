"""How processes are started, told to go and ended. Nothing but Python and torch is imported."""
