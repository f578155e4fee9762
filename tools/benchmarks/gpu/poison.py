"""Memory that is not written yet, made visible."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def poisoned() -> Iterator[None]:
    """Within, memory that is not written yet is NaN, so that nobody reads it unnoticed.

    torch does so in its deterministic mode.
    """
    before = torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        assert torch.empty(9).isnan().all(), 'memory is not filled'
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warns)
