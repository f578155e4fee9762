"""What every test starts from: no default scope, and Triton's interpreter where there is no GPU.

Nothing here needs more than torch and pytest: the tests of kernels run where that is all there is.
"""

import gc
import os
import sys

import pytest
import torch

if not torch.cuda.is_available():
    os.environ.setdefault('TRITON_INTERPRET', '1')  # read when triton is first imported


@pytest.fixture(autouse=True)
def no_default_scope():
    """Forget the scope that a Runner of an earlier test left in mmengine's global table."""
    if registry := sys.modules.get('mmengine.registry'):
        registry.DefaultScope._instance_dict.clear()


@pytest.fixture(autouse=True)
def configs_as_they_come(monkeypatch):
    """Leave a config's text as mmengine puts it together, once Python has read it.

    A runner formats its whole config with yapf when it is built, before it runs and at each
    checkpoint: most of the time of a short training. Tools in processes of their own still do.
    """
    if config := sys.modules.get('mmengine.config.config'):
        monkeypatch.setattr(config, 'FormatCode', _only_read)


def _only_read(text: str, **_) -> tuple[str, bool]:
    """Stand in for yapf's ``FormatCode``: raise SyntaxError where it does, and change nothing."""
    compile(text, 'config', 'exec')
    return text, False


@pytest.fixture(autouse=True, scope='module')
def imports_out_of_the_garbage():
    """Spare the collector what earlier modules left alive: imports, a million objects of them.

    mmengine has every data set collect garbage, which else takes most of a small one's test.
    """
    gc.collect()
    gc.freeze()
