"""What a kernel is shown right and measured on: its definition, inputs, peers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Case:
    """One operation on inputs of one size.

    Attributes:
        name: Says the size.
        fast: From the inputs, in order, to the output, by a kernel.
        naive: The same by plain torch: the definition.
        inputs: Float64, by name: features first, which are cast to the precision of the step; then
            parameters, which are float32. Whole numbers stay.
        differentiable: Whether there are gradients, of all inputs.
    """

    name: str
    fast: Callable[..., Tensor]
    naive: Callable[..., Tensor]
    inputs: Mapping[str, Tensor]
    differentiable: bool = True


@dataclass(frozen=True)
class Operation:
    """What one block of a network asks for, and who can do it.

    Attributes:
        name: Says the stage.
        ways: Candidates by name, of the same arguments; ours is the first.
        inputs: Arguments, in the precision of the step.
        moved: Bytes that a forward cannot but read and write; a backward half as many again.
        flops: Of a forward; twice as many of a backward.
        blocks: How often a step does this.
    """

    name: str
    ways: Mapping[str, Callable[..., Tensor]]
    inputs: tuple[Tensor, ...]
    moved: int
    flops: int = 0
    blocks: int = 1
