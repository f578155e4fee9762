"""What is wanted on an H100 or H200, beside what was found. Needs nothing but Python."""

from collections.abc import Mapping
from dataclasses import dataclass

from tables import table


@dataclass(frozen=True)
class Target:
    """A number to reach.

    Attributes:
        what: For people.
        measure: Its name in :attr:`gpu.row.Row.measures`.
        bound: To reach.
        at_most: Whether less is better.
    """

    what: str
    measure: str
    bound: float
    at_most: bool = False

    def judge(self, found: float | None) -> str:
        """Return 'met', 'not met' or 'not measured'."""
        if found is None:
            return 'not measured'
        met = found <= self.bound if self.at_most else found >= self.bound
        return 'met' if met else 'not met'


TARGETS = (
    Target('base, batch 128: packed over masked, both eager', 'packed over masked, eager', 3.0),
    Target('both compiled', 'packed over masked, compiled', 2.2),
    Target('base, images/s through the runner', 'images/s through the runner', 5000),
    Target("the runner's step over the bare one", 'runner over the bare step', 1.05, at_most=True),
    Target('peak memory, packed over masked', 'peak memory, packed over masked', 0.3, at_most=True),
    Target('dense training tiny over the faster timm', 'dense training tiny over timm', 1.1),
    Target('dense training base over the faster timm', 'dense training base over timm', 1.1),
    Target(
        'dense inference base 1280x800, one image, over timm',
        'dense inference base over timm, batch 1', 1.2,
    ),
    Target(
        'dense inference base 1280x800, eight images, over timm',
        'dense inference base over timm, batch 8', 1.2,
    ),
    Target('atto, batch 64, images/s with a CUDA graph', 'atto with a graph, images/s', 15_000),
)  # fmt: skip


def compare(measures: Mapping[str, float]) -> str:
    """Return a Markdown table of all targets."""
    rows = []
    for target in TARGETS:
        found = measures.get(target.measure)
        bound = f'{"<=" if target.at_most else ">="} {target.bound:g}'
        said = '' if found is None else f'{found:.4g}'
        rows.append([target.what, bound, said, target.judge(found)])
    return table(['measure', 'target', 'found', 'verdict'], rows, texts=1)
