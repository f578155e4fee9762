"""What every test starts from: no default scope, and Triton's interpreter where there is no GPU."""

import os

import pytest
import torch
from mmengine.registry import DefaultScope

if not torch.cuda.is_available():
    os.environ.setdefault('TRITON_INTERPRET', '1')  # read when triton is first imported


@pytest.fixture(autouse=True)
def no_default_scope():
    """Forget the scope that a Runner of an earlier test left in mmengine's global table."""
    DefaultScope._instance_dict.clear()
