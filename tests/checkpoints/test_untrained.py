"""Weights that neither a checkpoint nor training has reached do not predict."""

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from mmcnx2.checkpoints.untrained import LoadedParameters, UntrainedError, check_trained

IMAGES = torch.zeros(2, 4)


class Model(nn.Module):
    """An encoder, a head that predicts, and one that only training asks."""

    def __init__(self, classes: int = 3):
        super().__init__()
        self.backbone = nn.Linear(4, 4)
        self.head = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, classes))
        self.auxiliary = nn.Linear(4, 1)

    def forward(self, images: Tensor) -> Tensor:
        features = self.backbone(images)
        if self.training:
            self.auxiliary(features)
        return self.head(features)


def load(model: Model, state_dict: dict) -> Model:
    """Load what fits, as mmengine does."""
    own = model.state_dict()
    fitting = {k: v for k, v in state_dict.items() if k in own and v.shape == own[k].shape}
    loaded = LoadedParameters(model, 'backbone.')
    model.load_state_dict(fitting, strict=False)
    loaded.guard_others()
    return model.eval()


def part(*prefixes: str, **options) -> dict:
    return {k: v for k, v in Model(**options).state_dict().items() if k.startswith(prefixes)}


def test_a_whole_checkpoint_predicts():
    model = load(Model(), Model().state_dict())
    check_trained(model)
    assert model(IMAGES).shape == (2, 3)
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_a_missing_head_is_named_and_does_not_predict():
    model = load(Model(), part('backbone'))
    sentence = (
        r'no fitting weights for 6 of 6 parameters behind the encoder \(auxiliary.bias, '
        r'auxiliary.weight, head.0.bias and 3 more\), so predictions would be random'
    )
    with pytest.raises(UntrainedError, match=sentence):
        model(IMAGES)
    with pytest.raises(UntrainedError, match=sentence):
        check_trained(model)
    assert model.backbone(IMAGES).shape == (2, 4), 'features are to be had'


def test_a_head_of_other_classes_counts_as_missing():
    model = load(Model(), Model(classes=7).state_dict())
    with pytest.raises(UntrainedError, match=r'for 2 of 6 .*\(head.1.bias, head.1.weight\)'):
        model(IMAGES)


def test_a_head_that_predictions_do_not_ask_may_be_missing():
    model = load(Model(), part('backbone', 'head'))
    assert model(IMAGES).shape == (2, 3)


def test_training_opens_the_way():
    model = load(Model(), part('backbone'))
    model.train()(IMAGES)
    assert model.eval()(IMAGES).shape == (2, 3)
    check_trained(model)


def test_what_an_earlier_checkpoint_brought_counts():
    model = load(load(Model(), part('head', 'auxiliary')), part('backbone'))
    assert model(IMAGES).shape == (2, 3)
    check_trained(model)


def test_a_second_checkpoint_may_bring_the_rest():
    model = load(load(Model(), part('backbone')), part('head', 'auxiliary'))
    assert model(IMAGES).shape == (2, 3)


def test_a_copy_does_not_predict_either():
    model = deepcopy(load(Model(), part('backbone')))
    with pytest.raises(UntrainedError):
        model(IMAGES)


def test_other_models_pass():
    check_trained(Model())
