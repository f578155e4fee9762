"""A run goes on from its own model's state, or says what does not fit before it loads anything."""

import pytest
import torch
from torch import nn

from mmcnx2.checkpoints.files import CheckpointError
from mmcnx2.engine.resuming.fit import check_resumable


def network(width: int = 2, depth: int = 2) -> nn.Module:
    return nn.Sequential(*(nn.Linear(width, width) for _ in range(depth)), nn.BatchNorm1d(width))


def checkpoint(model: nn.Module, **changes) -> dict:
    state = dict(
        meta=dict(epoch=1, iter=5), state_dict=model.state_dict(), message_hub={}, optimizer={}
    )
    return {key: value for key, value in dict(state, **changes).items() if value is not None}


def check(saved: dict, model: nn.Module | None = None) -> None:
    check_resumable(saved, model or network(), path='work_dirs/run/epoch_1.pth')


def test_its_own_state_is_taken():
    check(checkpoint(network()))


def test_the_names_of_distributed_training_are_its_own():
    state = {f'module.{name}': tensor for name, tensor in network().state_dict().items()}
    check(checkpoint(network(), state_dict=state))


@pytest.mark.parametrize(
    'other, reason',
    [
        (network(width=3), r'0.weight is \(3, 3\), needs \(2, 2\), .* and \d more'),
        (network(depth=1), '.* is missing'),
        (network(depth=3), "3.weight is not the model's"),
    ],
    ids=['wider', 'shallower', 'deeper'],
)
def test_another_size_of_the_same_network_is_refused(other, reason):
    """Also where the optimizer would not notice: as many tensors, of other shapes."""
    with pytest.raises(CheckpointError, match=f"epoch_1.pth' is not one of .*{reason}.*load_from"):
        check(checkpoint(other))


@pytest.mark.parametrize(
    'changes, missing',
    [
        (dict(optimizer=None), 'optimizer'),
        (dict(meta=None), 'meta, meta.epoch, meta.iter'),
        (dict(meta=dict(epoch=1, iter='5')), 'meta.iter'),
        (dict(meta=dict(epoch=True, iter=5)), 'meta.epoch'),
        (dict(message_hub=[], state_dict=torch.ones(1)), 'state_dict, message_hub'),
    ],
    ids=str,
)
def test_what_is_no_state_of_a_run_is_refused(changes, missing):
    sentence = f'holds no state of a run to go on from .it lacks {missing}.: start .* load_from'
    with pytest.raises(CheckpointError, match=sentence):
        check(checkpoint(network(), **changes))
