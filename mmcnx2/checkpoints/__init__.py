"""Checkpoints of every library: recognizing, converting, reading, fetching and writing them.

Everything here needs torch alone, but for ``zoo`` and ``published``, whose list of models is YAML.
"""

from mmcnx2.checkpoints.convert import convert_state_dict
from mmcnx2.checkpoints.recognize import Recognized, recognize

__all__ = ['Recognized', 'convert_state_dict', 'recognize']
