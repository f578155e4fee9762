"""mmengine's ``compile`` takes a training step of a real run, hooks and all."""

import pytest
import torch

from tests.support.short_pretraining import logged, pre_train, render


@pytest.fixture(scope='module')
def pictures(tmp_path_factory):
    return render(tmp_path_factory.mktemp('scenes'))


def test_a_compiled_run_learns_what_an_eager_one_does(pictures, tmp_path, recwarn):
    """Traced and differentiated ahead of time; tests/nn/test_compile.py has inductor, too."""
    torch.compiler.reset()
    eager = pre_train(pictures, tmp_path / 'eager')
    pre_train(pictures, tmp_path / 'compiled', options={'compile.backend': 'aot_eager'})
    losses = [[row['loss'] for row in logged(tmp_path / name)] for name in ('eager', 'compiled')]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3) and len(losses[0]) == 4
    assert eager.iter == 4
    said = [str(warning.message) for warning in recwarn]
    assert not [text for text in said if 'recompile_limit' in text], said
