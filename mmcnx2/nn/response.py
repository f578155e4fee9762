"""What follows GELU in a block: GRN, nothing (V1), or whatever registers itself here.

Each is an :class:`mmcnx2.nn.after_gelu.AfterGELU`, chosen by name when a network is built. The
rivals that the paper tried are in :mod:`mmcnx2.rivals`, which registers them when it is imported.
"""

from collections.abc import Callable

from torch import nn

from mmcnx2.checks import check_choice
from mmcnx2.nn.grn import GRN, GRN_SCOPES

RESPONSES: dict[str, type[nn.Module]] = {'grn': GRN}
"""Name to module, which is built with the number of channels and the options of a config."""


def register_response(name: str) -> Callable[[type[nn.Module]], type[nn.Module]]:
    """Let configs call a module by name: ``response=name``, or ``dict(type=name, **options)``.

    Args:
        name: Not taken by another module.

    Returns:
        A decorator of a class that mixes in :class:`mmcnx2.nn.after_gelu.AfterGELU` and takes the
        number of channels first.

    Raises:
        ValueError: By the decorator, if the name is taken.
    """

    def register(module: type[nn.Module]) -> type[nn.Module]:
        if RESPONSES.setdefault(name, module) is not module:
            raise ValueError(
                f'response {name!r} is {RESPONSES[name].__name__} already: choose another name.'
            )
        return module

    return register


def build_response(
    channels: int,
    response: str | dict | None = None,
    *,
    use_grn: bool = True,
    grn_scope: str = 'image',
) -> nn.Module | None:
    """Return the module that follows GELU, None for nothing.

    Args:
        channels: Channels of the expanded features, 4C.
        response: A key of :data:`RESPONSES`, or ``dict(type=key, **options)``; None for what the
            other two say.
        use_grn: GRN (V2) or nothing (V1).
        grn_scope: 'image' (the paper), or 'batch' (the official PyTorch pre-training).

    Raises:
        ValueError: An unknown name, or a ``response`` that the other two contradict.
    """
    check_choice(GRN_SCOPES, grn_scope=grn_scope)
    if response is None:
        return GRN_SCOPES[grn_scope](channels) if use_grn else None
    if not use_grn or grn_scope != 'image':
        raise ValueError(
            f'response={response!r} says what follows GELU, and so do use_grn={use_grn} and '
            f'grn_scope={grn_scope!r}: leave those two out.'
        )
    options = dict(type=response) if isinstance(response, str) else dict(response)
    name = options.pop('type', None)
    if name not in RESPONSES:
        raise ValueError(
            f'response={response!r} is unknown: use one of {", ".join(RESPONSES)}; the rivals of '
            "the paper's ablations are there after `import mmcnx2.rivals` (in a config: "
            "custom_imports=dict(imports=['mmcnx2', 'mmcnx2.rivals']))."
        )
    return RESPONSES[name](channels, **options)
