"""What a run that cannot begin is told."""

WAY_OUT = 'start from its weights with load_from instead of --resume'


class CannotStartError(RuntimeError):
    """A run cannot begin, or go on, as it was asked to. Says in a sentence what can be done."""
