"""Checkpoints of every library: recognizing, converting, reading and writing them.

Everything here needs torch alone, but for ``mmengine_loading``, which teaches mmengine's own
loading functions the dialects, and ``zoo``, the list of published models.
"""

from mmcnx2.checkpoints.convert import convert_state_dict
from mmcnx2.checkpoints.recognize import Recognized, recognize

__all__ = ['Recognized', 'convert_state_dict', 'recognize']
