"""A small FCMAE with random parameters."""

from mmcnx2.models import FCMAE
from tests.support.toy import ARCH, randomize


def make_fcmae(std: float = 0.1, seed: int = 0, **backbone) -> FCMAE:
    """Build a float64 FCMAE on 32-px patches whose masks repeat."""
    options = {'arch': ARCH, 'layout': 'packed', 'final_norm': False} | backbone
    model = FCMAE(
        backbone={'type': 'mmcnx2.ConvNeXtV2', **options},
        neck={
            'type': 'mmcnx2.FCMAEDecoder',
            'in_channels': options['arch']['channels'][-1],
            'embed_dims': 16,
        },
        head={'type': 'mmcnx2.FCMAEPretrainHead'},
        masking={'type': 'mmcnx2.RandomMasking', 'ratio': 0.6, 'seed': 11},
        data_preprocessor={
            'type': 'mmpretrain.SelfSupDataPreprocessor',
            'mean': [123.675, 116.28, 103.53],
            'std': [58.395, 57.12, 57.375],
            'to_rgb': True,
        },
    )
    return randomize(model.double(), seed=seed, std=std)
