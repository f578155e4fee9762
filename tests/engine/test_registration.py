"""Whatever the engine and the looking hooks offer, a config can name."""

import pytest

from mmcnx2 import engine
from mmcnx2.analysis import hooks
from mmcnx2.registry import HOOKS, OPTIM_WRAPPER_CONSTRUCTORS, PARAM_SCHEDULERS, RUNNERS


@pytest.mark.parametrize('name', [*engine.__all__, *hooks.__all__])
def test_a_config_can_name_it(name):
    registries = (HOOKS, OPTIM_WRAPPER_CONSTRUCTORS, PARAM_SCHEDULERS, RUNNERS)
    expected = getattr(engine, name, None) or getattr(hooks, name)
    assert expected in [registry.get(f'mmcnx2.{name}') for registry in registries]
