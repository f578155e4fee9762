"""docs/install.md names the config folders that need an operator without an answer."""

import re
from collections import defaultdict
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from mmcnx2.compat.mmcv_ext import ANSWERED

PAGE = Path(__file__).parents[3] / 'docs/install.md'
NEEDS = {
    'CARAFE': 'carafe_forward',
    'CARAFEPack': 'carafe_forward',
    'FPN_CARAFE': 'carafe_forward',
    'GARetinaHead': 'masked_im2col_forward',
    'GARPNHead': 'masked_im2col_forward',
    'ScoreHLRSampler': 'nms_match',
    'DeformRoIPoolPack': 'deform_roi_pool_forward',
    'ModulatedDeformRoIPoolPack': 'deform_roi_pool_forward',
    'PSAHead': 'psamask_forward',
}
"""What the toolboxes' configs name, to the operator of mmcv that it calls."""


@cache
def named_by(config: Path) -> frozenset[str]:
    """Return the words in quotes of a config and of those that it inherits."""
    words = frozenset(re.findall(r"'([\w./-]+)'", config.read_text()))
    bases = (config.parent / word for word in words if word.endswith('.py'))
    return words.union(*(named_by(base) for base in bases if base.is_file()))


def folders(toolbox: str) -> dict[str, list[str]]:
    """Return the operators that each folder needs, of those that have one, and '' for the rest."""
    root = Path(find_spec(toolbox).origin).parent / '.mim/configs'
    found = defaultdict(set)
    for config in root.glob('*/*.py'):
        found[config.parent.name] |= {NEEDS[word] for word in named_by(config) & NEEDS.keys()}
    return {name: sorted(operators) for name, operators in found.items()}


@pytest.mark.parametrize('toolbox', ['mmdet', 'mmseg'])
def test_the_table_is_what_the_configs_say(toolbox):
    found = folders(toolbox)
    assert len(found) > 50, 'the configs were looked at'
    expected = {
        f'| {toolbox} | `{folder}` | `{operator}` |'
        for folder, operators in found.items() for operator in operators
    }  # fmt: skip
    lines = PAGE.read_text().splitlines()
    assert expected == {line for line in lines if line.startswith(f'| {toolbox} | `')}


def test_no_operator_of_the_table_is_answered():
    assert not set(NEEDS.values()) & ANSWERED.keys()


def test_the_page_lists_what_is_answered():
    said = PAGE.read_text()
    assert all(f'`{name}`' in said for name in ANSWERED)
