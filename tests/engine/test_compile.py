"""What a real run compiles: a whole training step (mmengine's ``compile``), or block by block."""

import logging

import pytest
import torch

from mmcnx2.engine.compiled_blocks import compile_blocks
from mmcnx2.engine.training import train
from mmcnx2.nn.convnextv2 import ConvNeXtV2
from tests.support.short_pretraining import logged, pre_train, render, short_config


@pytest.fixture(scope='module')
def pictures(tmp_path_factory):
    return render(tmp_path_factory.mktemp('scenes'))


@pytest.fixture(scope='module')
def eager(pictures, tmp_path_factory):
    """The losses of the run that is not compiled."""
    folder = tmp_path_factory.mktemp('eager')
    assert pre_train(pictures, folder).iter == 4
    return losses(folder)


def losses(folder) -> list[float]:
    return [row['loss'] for row in logged(folder)]


def test_a_compiled_run_learns_what_an_eager_one_does(eager, pictures, tmp_path, recwarn):
    """Traced and differentiated ahead of time; tests/nn/test_compile.py has inductor, too."""
    torch.compiler.reset()
    pre_train(pictures, tmp_path, options={'compile.backend': 'aot_eager'})
    assert losses(tmp_path) == pytest.approx(eager, rel=1e-3) and len(eager) == 4
    said = [str(warning.message) for warning in recwarn]
    assert not [text for text in said if 'recompile_limit' in text], said


def test_compiled_blocks_learn_what_eager_ones_do(eager, pictures, tmp_path, recwarn, caplog):
    torch.compiler.reset()
    torch._dynamo.utils.counters.clear()
    cfg = short_config(pictures, tmp_path, options={'compile_blocks.backend': 'aot_eager'})
    with caplog.at_level(logging.WARNING, 'torch'):
        train(cfg, look=False)
    assert losses(tmp_path) == pytest.approx(eager, rel=1e-3)
    assert torch._dynamo.utils.counters['stats']['unique_graphs'] > 0
    assert not [str(warning.message) for warning in recwarn if 'torch' in warning.filename]
    assert not [record for record in caplog.records if record.name.startswith('torch')]


def test_many_blocks_stay_below_the_compilers_limit(monkeypatch):
    for name in ('recompile_limit', 'accumulated_recompile_limit'):
        monkeypatch.setattr(torch._dynamo.config, name, 1)
    net = ConvNeXtV2({'depths': [5, 6], 'channels': [2, 3]})
    names = list(net.state_dict())
    assert compile_blocks(net, True).startswith('11 blocks are compiled')
    assert torch._dynamo.config.recompile_limit >= 2 * 11
    assert list(net.state_dict()) == names


@pytest.mark.parametrize(
    ('asked', 'whole', 'sentence'),
    [
        ('yes', False, "compile_blocks='yes', but True, False or options of torch.compile are"),
        (True, True, 'compile compiles the whole training step and compile_blocks each block: gi'),
        (True, False, 'compile_blocks=True, but Linear has no ConvNeXt block: leave it out, or u'),
    ],
)
def test_what_cannot_be_compiled_is_refused(asked, whole, sentence):
    with pytest.raises(SystemExit, match=f'error: {sentence}'):
        compile_blocks(torch.nn.Linear(1, 1), asked, whole=whole)


def test_nothing_is_compiled_unless_it_is_asked_for():
    assert compile_blocks(torch.nn.Linear(1, 1), False, whole=True) is None
