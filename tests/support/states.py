"""Small state dicts in this package's names, as whole models hold them."""

import torch
from torch import Tensor, nn

from mmcnx2.nn.convnextv2 import ConvNeXtV2
from tests.support.toy import ARCH, randomize

CLASSES = 5
DECODER = 16


def make_state(*parts: str, arch: dict = ARCH, **options) -> dict[str, Tensor]:
    """Return random float64 weights.

    Args:
        parts: Of 'norm' (the final one), 'head' and 'decoder', beside the encoder.
        arch: Depths and channels.
        options: Of :class:`ConvNeXtV2`.
    """
    width = arch['channels'][-1]
    parts_of = {'backbone': ConvNeXtV2(arch, final_norm='norm' in parts, **options)}
    if 'decoder' in parts:
        block = ConvNeXtV2({'depths': (1,), 'channels': (DECODER,)}, final_norm=False).stages[0]
        parts_of['neck'] = nn.ModuleDict(
            {
                'proj': nn.Linear(width, DECODER),
                'blocks': block,
                'pred': nn.Linear(DECODER, 32 * 32 * 3),
            }
        )
        parts_of['neck'].register_parameter('mask_token', nn.Parameter(torch.zeros(DECODER)))
    if 'head' in parts:
        parts_of['head'] = nn.ModuleDict({'fc': nn.Linear(width, CLASSES)})
    model = randomize(nn.ModuleDict(parts_of).double())
    return dict(model.state_dict())


def bare(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the encoder alone, under bare names."""
    prefix = 'backbone.'
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}


def assert_same_state(expected: dict[str, Tensor], actual: dict[str, Tensor]) -> None:
    """Fail unless names, shapes and bits are equal."""
    assert expected.keys() == actual.keys(), expected.keys() ^ actual.keys()
    for name, tensor in expected.items():
        assert actual[name].shape == tensor.shape, f'{name}: {tuple(actual[name].shape)}'
        assert actual[name].dtype == tensor.dtype and actual[name].equal(tensor), name
