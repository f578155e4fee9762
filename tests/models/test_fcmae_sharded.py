"""DDP, FSDP2 and one process learn the same, and load each other's checkpoints."""

from pathlib import Path

import pytest
import torch

from tests.support.closeness import assert_close
from tests.support.processes import run_processes
from tests.support.sharded_processes import continue_from, optimizer_of, take_step, two_steps, wrap

pytestmark = pytest.mark.slow  # two processes, each of which imports OpenMMLab

KINDS = ('ddp', 'fsdp2')


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """What two processes leave behind."""
    folder = tmp_path_factory.mktemp('two')
    run_processes(two_steps, folder, count=2)
    return folder


@pytest.fixture(scope='module')
def one_process():
    """Gradients of the first step, and the model after one and after two."""
    model = wrap('one process')
    optimizer = optimizer_of(model)
    gradients = take_step(model, optimizer)
    first = {name: value.clone() for name, value in model.state_dict().items()}
    take_step(model, optimizer)
    return gradients, first, model.state_dict()


def saved(path: Path) -> dict:
    return torch.load(path, weights_only=True)


@pytest.mark.parametrize('rank', [0, 1])
@pytest.mark.parametrize('kind', KINDS)
def test_gradients_are_those_of_the_whole_batch(kind, rank, folder, one_process):
    found = saved(folder / f'{kind}-gradients-{rank}.pt')
    for name, gradient in one_process[0].items():
        assert_close(f'{kind}, process {rank}: {name}', gradient, found[name], relative=1e-10)


@pytest.mark.parametrize('kind', KINDS)
def test_checkpoints_are_those_of_one_process(kind, folder, one_process):
    found = saved(folder / f'{kind}.pt')['model']
    assert found.keys() == one_process[1].keys()
    for name, value in one_process[1].items():
        assert_close(f'{kind}: {name}', value, found[name], relative=1e-8)


def test_checkpoints_of_both_have_one_form(folder):
    ddp, fsdp2 = (saved(folder / f'{kind}.pt') for kind in KINDS)
    assert ddp['model'].keys() == fsdp2['model'].keys()
    assert ddp['optimizer']['state'].keys() == fsdp2['optimizer']['state'].keys()
    for name, state in ddp['optimizer']['state'].items():
        for key, value in state.items():
            other = fsdp2['optimizer']['state'][name][key]
            assert_close(f'{name}.{key}', value.double(), other.double(), relative=1e-8)


@pytest.mark.parametrize('kind', (*KINDS, 'one process'))
@pytest.mark.parametrize('source', KINDS)
def test_each_goes_on_from_the_checkpoint_of_the_other(source, kind, folder, one_process):
    if kind == 'one process':
        continue_from(source, kind, str(folder))
    found = saved(folder / f'{source}-then-{kind}.pt')['model']
    for name, value in one_process[2].items():
        assert_close(f'{source}, then {kind}: {name}', value, found[name], relative=1e-7)
