"""What ``mim search``, ``mim train`` and ``mim test`` look for in an installed package is there.

mim takes the last part of a config's path and looks for it at any depth below ``.mim/configs``; it
starts ``.mim/tools/train.py`` and ``test.py``. ``mmcnx2.paths.shipped`` looks where mim does.
"""

import runpy
import sys
from collections import Counter

import pytest

from mmcnx2.checkpoints.zoo import read_zoo
from mmcnx2.paths import shipped


def test_a_config_is_found_by_its_name_alone():
    configs = [p for p in shipped('configs').rglob('*.py') if '_base_' not in p.parts]
    names = Counter(path.name for path in configs)
    assert len(names) > 100
    assert [name for name, count in names.items() if count > 1] == []
    for model in read_zoo(shipped('model-index.yml')):
        assert model.config.rpartition('/')[2] in names


@pytest.mark.parametrize(
    ('tool', 'words'),
    [
        ('train.py', ['config.py', '--launcher', 'none', '--cfg-options', 'a=1']),
        ('train.py', ['config.py', '--launcher', 'pytorch']),
        ('test.py', ['config.py', 'weights.pth', '--launcher', 'none']),
    ],
)
def test_the_tools_take_the_command_line_that_mim_makes(tool, words, monkeypatch):
    monkeypatch.setattr(sys, 'argv', [tool, *words])
    args = runpy.run_path(str(shipped(f'tools/{tool}')))['parse_args']()
    assert (args.config, args.launcher) == ('config.py', words[words.index('--launcher') + 1])
