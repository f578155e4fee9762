"""The names that options choose from are those of the tables that say what they mean."""

from mmcnx2 import choices
from mmcnx2.checkpoints.dialects import DIALECTS


def test_every_dialect_can_be_chosen():
    assert choices.DIALECTS == tuple(DIALECTS)
