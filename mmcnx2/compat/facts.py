"""What is installed here, as plain data: checks look at this and at nothing else."""

import platform
import re
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec

from mmcnx2.compat import mmcv_ext
from mmcnx2.compat.c_compiler import has_c_compiler
from mmcnx2.compat.minkowski_collections import alias_collections


@dataclass(frozen=True)
class Facts:
    """The stack as it was found.

    Attributes:
        python: Version of Python.
        distributions: Name of each installed distribution, lower case with dashes -> its version.
        gpus: Names of the GPUs that torch sees.
        mmcv_ops: Operator -> who answers it (see ``mmcv_ext.answered_by``).
        c_compiler: Whether Triton could start a kernel (see ``c_compiler.has_c_compiler``).
        minkowski: ``'absent'``, its version, or ``'broken: <reason>'``.
        import_errors: Module that should be importable -> why it is not.
    """

    python: str
    distributions: dict[str, str] = field(default_factory=dict)
    gpus: tuple[str, ...] = ()
    mmcv_ops: dict[str, str] = field(default_factory=dict)
    c_compiler: bool = True
    minkowski: str = 'absent'
    import_errors: dict[str, str] = field(default_factory=dict)

    def version(self, name: str) -> tuple[int, ...] | None:
        """Release numbers of a distribution, or None when it is not installed."""
        if name not in self.distributions:
            return None
        release = re.match(r'\d+(\.\d+)*', self.distributions[name])
        return tuple(int(part) for part in release.group().split('.')) if release else ()


def collect(*, modules: tuple[str, ...] = ()) -> Facts:
    """Look at this environment.

    Args:
        modules: Import these, and note those that fail.
    """
    return Facts(
        python=platform.python_version(),
        distributions=_distributions(),
        gpus=_gpus(),
        mmcv_ops=mmcv_ext.answered_by(),
        c_compiler=has_c_compiler(),
        minkowski=_minkowski(),
        import_errors=_import_errors(modules),
    )


def _distributions() -> dict[str, str]:
    found = {}
    for distribution in metadata.distributions():
        name = distribution.metadata['Name']
        if name:  # a half-removed distribution has no name
            found.setdefault(re.sub(r'[-_.]+', '-', name).lower(), distribution.version)
    return found


def _gpus() -> tuple[str, ...]:
    if find_spec('torch') is None:
        return ()
    import torch

    return tuple(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))


def _minkowski() -> str:
    if not alias_collections():
        return 'absent'
    try:
        import MinkowskiEngine
    except Exception as error:  # a build against another torch fails in its own ways
        return f'broken: {error}'
    return MinkowskiEngine.__version__


def _import_errors(modules: tuple[str, ...]) -> dict[str, str]:
    errors = {}
    for module in modules:
        try:
            __import__(module)
        except Exception as error:  # whatever it is, training would meet it too
            errors[module] = f'{type(error).__name__}: {error}'
    return errors
