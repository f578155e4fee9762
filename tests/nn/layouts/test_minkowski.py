"""The minkowski layout gives the masked layout's numbers, and so they are the official code's.

Skipped without MinkowskiEngine; ``tools/build_minkowski.sh`` builds it and runs this file.
"""

import pytest
import torch

from mmcnx2.compat.minkowski_collections import alias_collections
from mmcnx2.nn.convnextv2 import ConvNeXtV2
from mmcnx2.nn.layouts import get_layout

HAS_ENGINE = alias_collections()
needs_engine = pytest.mark.skipif(
    not HAS_ENGINE, reason='MinkowskiEngine is not installed (tools/build_minkowski.sh)'
)

ARCH = dict(depths=(1, 2, 1, 1), channels=(5, 6, 7, 9))

# One row of patches a string, one grid an image: '#' visible, '.' hidden.
CASES = {
    'b2-64x96-three-visible': [['#.#', '.#.'], ['.##', '#..']],
    'b3-96x64-uneven-counts': [['##', '#.', '.#'], ['..', '#.', '..'], ['##', '##', '##']],
    'b2-64x64-one-image-hidden': [['#.', '.#'], ['..', '..']],
    'b1-96x96-one-visible': [['...', '..#', '...']],
    'b1-32x32-all-visible': [['#']],
    'b2-64x32-all-visible': [['#', '#'], ['#', '#']],
}


def visible_of(case: str) -> torch.Tensor:
    return torch.tensor([[[c == '#' for c in row] for row in grid] for grid in CASES[case]])


def backbone(layout: str, **options) -> ConvNeXtV2:
    """A float64 backbone with every parameter random, the same for each layout."""
    net = ConvNeXtV2(ARCH, layout=layout, **options).double()
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in net.parameters():
            noise = torch.randn(parameter.shape, generator=rng, dtype=torch.float64)
            parameter.copy_(noise * (0.5 if parameter.ndim > 1 else 1))
    return net


def run(layout: str, visible: torch.Tensor, **options) -> dict[str, torch.Tensor]:
    """The output, and the gradients of a random projection of it, by name."""
    stem = options.get('stem_patch_size', 4)
    n, h, w = visible.shape
    net = backbone(layout, **options)
    rng = torch.Generator().manual_seed(1)
    images = torch.randn(n, 3, h * stem * 8, w * stem * 8, generator=rng, dtype=torch.float64)
    images.requires_grad_()
    output = net(images, visible)
    upstream = torch.randn(output.shape, generator=rng, dtype=torch.float64)
    output.backward(upstream)
    return {
        'output': output.detach(),
        'gradient of images': images.grad,
        **{f'gradient of {name}': p.grad for name, p in net.named_parameters()},
    }


def assert_same(
    got: dict[str, torch.Tensor], expected: dict[str, torch.Tensor], ratio: float = 1e-10
) -> None:
    assert got.keys() == expected.keys()
    for name, reference in expected.items():
        error = (got[name] - reference).abs().max() / reference.abs().max()
        assert error < ratio, f'{name} differs by {error:.1e} of its largest value'


@needs_engine
@pytest.mark.parametrize('case', CASES)
def test_output_and_every_gradient_are_the_masked_layouts(case):
    visible = visible_of(case)
    assert_same(run('minkowski', visible), run('masked', visible))


@needs_engine
@pytest.mark.parametrize(
    'options',
    [
        dict(grn_scope='batch'),
        dict(use_grn=False, layer_scale_init_value=0.1),
        dict(stem_patch_size=2),
        dict(with_cp=True),
    ],
    ids=str,
)
def test_options_give_the_masked_layouts_numbers(options):
    visible = visible_of('b2-64x96-three-visible')
    assert_same(run('minkowski', visible, **options), run('masked', visible, **options))


@needs_engine
def test_hidden_patches_are_zero_in_the_output_and_the_grid_keeps_its_size():
    # The official code returns a smaller map when the last row or column is hidden in every image.
    visible = visible_of('b1-96x96-one-visible')
    output = run('minkowski', visible)['output']
    assert output.shape == (1, 9, 3, 3)
    assert (output.ne(0).any(1) == visible).all()


@needs_engine
def test_a_channel_that_is_zero_everywhere_has_norm_and_gradient_zero():
    layout = get_layout('minkowski').plan(visible_of('b1-32x32-all-visible'), (16, 32), 'cpu')[0]
    x = torch.zeros(4, 1, dtype=torch.float64, requires_grad=True)
    norm = layout.spatial_norm(x)
    norm.sum().backward()
    assert norm.item() == 0
    assert x.grad.eq(0).all(), f'gradient is {x.grad.flatten().tolist()}'


@needs_engine
def test_a_forward_draws_no_random_numbers():
    net = backbone('minkowski')
    before = torch.get_rng_state()
    net(torch.zeros(1, 3, 32, 32, dtype=torch.float64), visible_of('b1-32x32-all-visible'))
    assert torch.equal(torch.get_rng_state(), before)


@needs_engine
def test_bfloat16_autocast_gives_the_masked_layouts_numbers_to_its_precision():
    visible = visible_of('b2-64x96-three-visible')
    images = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    outputs = {}
    for layout in ('minkowski', 'masked'):
        with torch.autocast('cpu', torch.bfloat16), torch.no_grad():
            outputs[layout] = backbone(layout).float()(images, visible).float()
    assert_same({'output': outputs['minkowski']}, {'output': outputs['masked']}, ratio=0.1)


@needs_engine
def test_nothing_visible_is_refused():
    net = backbone('minkowski')
    images = torch.zeros(1, 3, 64, 64, dtype=torch.float64)
    with pytest.raises(ValueError, match='needs a visible patch'):
        net(images, torch.zeros(1, 2, 2, dtype=torch.bool))


@pytest.mark.skipif(HAS_ENGINE, reason='MinkowskiEngine is installed')
def test_without_minkowski_engine_one_sentence_says_what_to_do():
    with pytest.raises(ImportError, match=r'build_minkowski\.sh.*packed'):
        get_layout('minkowski')
