"""Pictures get the size that the toolboxes' transforms give them."""

import numpy as np
import pytest
from PIL import Image

from mmcnx2.apis.exported.prepare import prepare


def picture(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    ('size', 'step', 'expected'),
    [
        ((300, 200), dict(step='stretch', size=[64, 48]), (64, 48)),
        ((300, 200), dict(step='fit', size=[1333, 800]), (1200, 800)),
        ((200, 300), dict(step='fit', size=[1333, 800]), (800, 1200)),
        ((3000, 200), dict(step='fit', size=[1333, 800]), (1333, 89)),
        ((300, 200), dict(step='short_side', size=256), (384, 256)),
        ((200, 301), dict(step='short_side', size=256), (256, 385)),
        ((300, 200), dict(step='middle', size=224), (224, 200)),
        ((300, 400), dict(step='middle', size=[100, 200]), (200, 100)),
    ],
)
def test_sizes(size, step, expected):
    assert prepare(picture(*size), dict(prepare=[step])).size == expected


@pytest.mark.parametrize('size', [(300, 201), (201, 300)])
def test_a_classifiers_steps_equal_mmpretrains(size):
    from mmengine.registry import DefaultScope
    from mmpretrain.registry import TRANSFORMS

    image = picture(*size)
    results = dict(img=np.asarray(image)[..., ::-1])
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        for cfg in (dict(type='ResizeEdge', scale=73, backend='pillow', interpolation='bicubic'),
                    dict(type='CenterCrop', crop_size=64)):  # fmt: skip
            results = TRANSFORMS.build(cfg)(results)
    steps = [dict(step='short_side', size=73, smooth='bicubic'), dict(step='middle', size=64)]
    ready = np.asarray(prepare(image, dict(prepare=steps)))
    assert np.array_equal(ready, results['img'][..., ::-1])


def test_what_is_too_small_or_no_multiple_is_stretched():
    facts = dict(prepare=[], least=64, multiple=32)
    assert prepare(picture(40, 100), facts).size == (64, 96)
    same = picture(64, 96)
    assert prepare(same, facts) is same


def test_a_step_of_a_later_version_is_named():
    with pytest.raises(ValueError, match="asks for 'warp', which this version cannot do"):
        prepare(picture(8, 8), dict(prepare=[dict(step='warp', size=3)]))
