"""A file for each operation of ``mmcnx2/nn/ops`` that has kernels in Triton, of the same name.

``cases(setting)`` yields the :class:`gpu.case.Case` that must be right, ``operations(setting)`` the
:class:`gpu.case.Operation` that a step of Base asks for. An operation without such a file fails.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType

OPS = Path(__file__).parents[4] / 'mmcnx2' / 'nn' / 'ops'


def list_kernels() -> list[str]:
    """Return the operations that have kernels in Triton."""
    return sorted({path.parent.name for path in OPS.glob('*/*triton.py')})


def load(operation: str) -> ModuleType:
    """Import an operation's file here.

    Raises:
        NotImplementedError: There is none.
    """
    name = f'{__name__}.{operation}'
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise NotImplementedError(
            f'mmcnx2/nn/ops/{operation} has kernels that nothing proves: '
            f'write {Path(__file__).parent.name}/{operation}.py.'
        ) from None
