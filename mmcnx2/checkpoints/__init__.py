"""Checkpoints of every library: recognising, converting, reading and writing them.

Everything here needs torch alone, but for ``mmengine_loading``, which teaches mmengine's own
loading functions the dialects, and ``zoo``, the list of published models.
"""

from mmcnx2.checkpoints.convert import convert_state_dict
from mmcnx2.checkpoints.recognise import Recognised, recognise

__all__ = ['Recognised', 'convert_state_dict', 'recognise']
