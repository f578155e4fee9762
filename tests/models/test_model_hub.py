"""mmpretrain's hub has the published models from the moment that mmpretrain is imported."""

from pathlib import Path

import pytest

mmpretrain = pytest.importorskip('mmpretrain')

from mmpretrain.apis import ModelHub

import mmcnx2.models
from mmcnx2.checkpoints.zoo import read_zoo
from mmcnx2.paths import shipped

ZOO = read_zoo(shipped('model-index.yml'))


def test_every_model_of_the_index_is_there_with_its_file_and_its_config():
    assert {model.name for model in ZOO} <= {*mmpretrain.list_models()}
    for model in ZOO:
        metainfo = ModelHub._models_dict[model.name]
        assert metainfo.weights == model.weights
        assert Path(metainfo.config).samefile(shipped(model.config))


@pytest.mark.parametrize(
    ('name', 'width'),
    [
        ('convnextv2-atto_fcmae-pre_3rdparty_in1k', 320),
        ('fcmae_convnextv2-femto_3rdparty_in1k', 384),
    ],
)
def test_a_name_makes_the_model(name, width):
    model = mmpretrain.get_model(name)
    assert type(model.backbone) is mmcnx2.models.ConvNeXtV2
    assert model.backbone.channels[-1] == width
