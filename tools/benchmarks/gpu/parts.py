"""What is looked at, in the order of what decides most. Needs nothing but Python."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from gpu.kernels import list_kernels
from gpu.row import Row

if TYPE_CHECKING:
    from gpu.setting import Setting


@dataclass(frozen=True)
class Part:
    """Something that is looked at by itself.

    Attributes:
        name: By which ``--only`` finds it.
        seconds: That it takes on an H100, compilers included, by estimate.
        function: ``module:function``, which yields rows.
        arguments: Of that function, behind the setting.
        needs: Packages beside torch and Triton.
    """

    name: str
    seconds: int
    function: str
    arguments: tuple = ()
    needs: tuple[str, ...] = ()

    @property
    def lacking(self) -> list[str]:
        """What it needs and is not installed."""
        return [name for name in self.needs if find_spec(name) is None]

    def rows(self, setting: 'Setting') -> Iterator[Row]:
        """Look at it."""
        module, function = self.function.split(':')
        call = getattr(import_module(module), function)
        yield from partial(call, setting, *self.arguments)()


TOOLBOXES = ('mmengine', 'mmcv', 'mmpretrain')
BASE, ATTO = ('base', 128), ('atto', 64)

PARTS = (
    Part('ceilings', 10, 'gpu.ceilings:measure'),
    *(
        Part(f'right: {name}', 25, 'gpu.right:prove_kernels', (name,))
        for name in list_kernels()
    ),
    Part('right: networks', 25, 'gpu.right:prove_networks'),
    Part('pre-training base, eager', 40, 'gpu.pretraining_steps:eager', BASE),
    Part('pre-training base, compiled', 75, 'gpu.pretraining_steps:compiled', BASE),
    Part('through the runner', 45, 'gpu.through_runner:measure', BASE, TOOLBOXES),
    Part('CUDA graph, atto', 20, 'gpu.graph:measure', ATTO),
    Part('operations of base', 50, 'gpu.operations:measure'),
    Part('optimizer', 8, 'gpu.optimizer:measure'),
    Part('dense inference base, one image', 15, 'gpu.dense:inference', ('base', 1), ('timm',)),
    Part('dense training tiny', 85, 'gpu.dense:training', ('tiny', 128), ('timm',)),
    Part('dense inference base, eight images', 15, 'gpu.dense:inference', ('base', 8), ('timm',)),
    Part('pre-training atto, eager', 15, 'gpu.pretraining_steps:eager', ATTO),
    Part('dense training base', 110, 'gpu.dense:training', BASE, ('timm',)),
    Part('masked base as one graph', 100, 'gpu.pretraining_steps:masked_as_one_graph', BASE),
)  # fmt: skip


def choose(only: str) -> list[Part]:
    """Return the parts whose names have a text in them.

    Raises:
        ValueError: None has.
    """
    found = [part for part in PARTS if only in part.name]
    if not found:
        names = ', '.join(f"'{part.name}'" for part in PARTS)
        raise ValueError(f"--only {only}: no part's name has that in it; there are {names}.")
    return found
