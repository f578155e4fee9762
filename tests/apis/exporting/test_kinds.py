"""Each kind of model has its export, and computes what the original does before it is traced."""

import pytest
import torch
from mmengine.config import ConfigDict
from torch import nn

from mmcnx2.apis.exporting.comparison import compare
from mmcnx2.apis.exporting.kinds import make_program
from tests.support.exports import build, pictures, run, toy, toy_config


@pytest.mark.parametrize('precision', ['fp32', 'fp16'])
@pytest.mark.parametrize(
    ('kind', 'part'),
    [('classifier', 'all'), ('segmentor', 'all'), ('features', 'all'),
     ('reconstruction', 'reconstruction'), ('segmentor', 'features')],
)  # fmt: skip
def test_computes_what_the_original_does(kind, part, precision):
    program = make_program(toy(kind), part=part, precision=precision)
    size = (64, 96) if kind == 'reconstruction' else (75, 101)
    inputs = program.inputs(pictures(2, *size), generator=torch.Generator().manual_seed(0))
    found, expected = run(program, *inputs), program.original(*inputs)
    for deviation in program.deviations(found, expected):
        assert not deviation.too_large, deviation
    wrong = {name: torch.zeros_like(value) for name, value in found.items()}
    assert any(d.too_large for d in program.deviations(wrong, expected)), 'nothing was compared'


def test_an_encoder_gives_the_map_of_every_stage():
    model = toy('classifier')  # which averages the last one alone
    found = run(make_program(model, part='features'), pictures(2, 64, 96))
    assert [tuple(each.shape[1:]) for each in found.values()] == [
        (8, 16, 24), (16, 8, 12), (24, 4, 6), (32, 2, 3),
    ]  # fmt: skip
    assert list(found) == ['stage1', 'stage2', 'stage3', 'stage4']


def test_a_segmentor_that_slides_is_whole_and_says_so():
    cfg = toy_config('segmentor')
    cfg.model.test_cfg = ConfigDict(mode='slide', crop_size=(64, 64), stride=(32, 32))
    program = make_program(build(cfg))
    assert program.notes == [
        "test_cfg.mode='slide' is replaced by 'whole': a picture goes in as one."
    ]
    images = pictures(1, 96, 96)
    assert torch.equal(run(program, images)['labels'], program.original(images)['labels'])


def test_visible_patches_are_kept_and_hidden_ones_filled():
    program = make_program(toy('reconstruction'), part='reconstruction')
    images = pictures(1, 64, 96)
    visible = torch.tensor([[[True, False, True], [False, True, True]]])
    whole = run(program, images, visible)['reconstruction']
    torch.testing.assert_close(whole[0, :32, :32], images[0, :32, :32].float(), atol=1e-3, rtol=0)
    assert (whole[0, :32, 32:64] - images[0, :32, 32:64]).abs().mean() > 10


def test_the_model_is_left_as_it_was():
    model = toy('segmentor')
    before = str(model), {k: v.clone() for k, v in model.state_dict().items()}
    make_program(model, precision='fp16')
    assert str(model) == before[0] and model.auxiliary_head is not None
    assert all(torch.equal(v, before[1][k]) for k, v in model.state_dict().items())


class Other(nn.Module):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone


def test_models_without_an_export_are_named():
    backbone = toy('classifier').backbone
    with pytest.raises(ValueError, match=r"^Other has no export: .* by part='features'\.$"):
        make_program(Other(backbone))
    with pytest.raises(ValueError, match='Other with the backbone Identity has no export'):
        make_program(Other(nn.Identity()), part='features')
    with pytest.raises(ValueError, match='ImageClassifier reconstructs nothing: give a run of'):
        make_program(toy('classifier'), part='reconstruction')
    with pytest.raises(ValueError, match="part='heads'"):
        make_program(toy('classifier'), part='heads')


def test_any_number_of_channels_with_the_normalization_of_their_data():
    cfg = toy_config('classifier')
    numbers = [100.0 * (i + 1) for i in range(13)]
    cfg.model.data_preprocessor.update(mean=numbers, std=numbers)
    cfg.model.backbone.in_channels = 13
    model = build(cfg)
    program = make_program(model)
    images = torch.rand(2, 64, 96, 13) * 2000
    expected = model.data_preprocessor(dict(inputs=images.permute(0, 3, 1, 2)))['inputs']
    with torch.no_grad():
        torch.testing.assert_close(
            run(program, images)['logits'], model(expected, mode='tensor'), atol=1e-4, rtol=1e-4
        )
    assert program.example()[0].shape[-1] == 13 and program.example()[0].dtype == torch.float32
    for _, deviations in compare(program, lambda *inputs: run(program, *inputs)):
        assert not any(each.too_large for each in deviations)


def test_a_detector_is_named_by_the_part_that_is_another():
    model = toy('detector')
    model.roi_head.__class__ = type('PointRendRoIHead', (type(model.roi_head),), {})
    with pytest.raises(ValueError, match='MaskRCNN with PointRendRoIHead has no export: of detect'):
        make_program(model)


@pytest.mark.parametrize(
    ('name', 'sentence'),
    [('DINO', '^DINO has no export: classifiers, .*of any model with our backbone its encoder'),
     ('Mask2Former', '^Mask2Former has no export: of detectors of one stage, .*part=features')],
)  # fmt: skip
def test_detectors_of_queries_are_named(name, sentence):
    import mmdet.models.detectors as detectors

    model = getattr(detectors, name).__new__(getattr(detectors, name))
    nn.Module.__init__(model)
    model.backbone = toy('classifier').backbone
    with pytest.raises(ValueError, match=sentence):
        make_program(model)
