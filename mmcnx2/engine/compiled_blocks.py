"""``compile_blocks = True`` in a config: each block of the network is compiled by itself.

Beside mmengine's ``compile``, which hands the whole training step over: blocks of one width and
resolution share a graph, so there are a handful of small ones instead of a large one, and nothing
around them has to be traced.
"""

from collections.abc import Mapping

import torch
from torch import nn

from mmcnx2.nn.block import ConvNeXtV2Block

# What a block may be compiled for anew beside the others: training and evaluation, with and without
# gradients, a last batch of another size, sizes of images, of which torch then makes one variable.
_KINDS = 8


def compile_blocks(model: nn.Module, asked: bool | Mapping, *, whole: bool = False) -> str | None:
    """Have torch compile each ConvNeXt block of a model when it is first called.

    Weights, their names and checkpoints stay as they are.

    Args:
        model: Whose blocks are compiled, in place.
        asked: The config's ``compile_blocks``: whether, or options of ``torch.compile``.
        whole: Whether the config compiles the whole training step, too (``compile``).

    Returns:
        A line for the log, or None where nothing is compiled.

    Raises:
        SystemExit: With a sentence, if this is no bool and no dict, the model has no block, or
            both are asked for.
    """
    if not isinstance(asked, bool | Mapping):
        raise SystemExit(
            f'error: compile_blocks={asked!r}, but True, False or options of torch.compile are '
            "expected, such as compile_blocks.backend='aot_eager'."
        )
    if asked is False:
        return None
    if whole:
        raise SystemExit(
            'error: compile compiles the whole training step and compile_blocks each block: give '
            'one of the two.'
        )
    blocks = [module for module in model.modules() if isinstance(module, ConvNeXtV2Block)]
    if not blocks:
        raise SystemExit(
            f'error: compile_blocks={asked!r}, but {type(model).__name__} has no ConvNeXt block: '
            'leave it out, or use compile=True.'
        )
    # All blocks are one piece of code to the compiler, which gives up after some kinds of it. With
    # drop path, whose rate rises from block to block, each is a kind of its own.
    config = torch._dynamo.config
    name = 'recompile_limit' if hasattr(config, 'recompile_limit') else 'cache_size_limit'
    for limit in (name, f'accumulated_{name}'):
        setattr(config, limit, max(getattr(config, limit), _KINDS * len(blocks)))
    options = {} if asked is True else dict(asked)
    for block in blocks:
        block.compile(**options)
    return f'{len(blocks)} blocks are compiled one by one, when they are first called.'
