"""The sizes, and the published weights."""

from collections.abc import Sequence

from mmcnx2.apis.calls import call


@call
def models() -> None:
    """List the sizes, and the published weights with their licenses.

    For example: mmcnx2 models
    """
    from mmcnx2.checkpoints.tables import size_rows, weight_rows

    print(
        'Sizes (--model); the gain of pre-training in points of ImageNet-1K, as the paper has it:\n'
        f'{aligned(size_rows())}\n\n'
        "Published weights (--from), fetched and checked when first used. They are their authors', "
        'under\ntheir licenses; what you train on your own images is yours:\n'
        f'{aligned(weight_rows())}'
    )


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return a table as text, its columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ('  '.join(map(str.ljust, row, widths)) for row in rows)
    return '\n'.join(line.rstrip() for line in lines)
