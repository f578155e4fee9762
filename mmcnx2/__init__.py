"""ConvNeXt V2 and FCMAE pre-training for OpenMMLab.

Importing the package mends what today's torch and numpy need of the stack (``mmcnx2.compat``) and
declares the registries; models, data sets and hooks are imported when a config first names one.
``mmcnx2.layouts``, ``mmcnx2.ops`` and ``mmcnx2.models.convnextv2`` need torch alone.
"""

from importlib.util import find_spec

from mmcnx2 import compat

__version__ = '0.1.0'

compat.apply()

if find_spec('mmengine') is not None:
    from mmcnx2 import registry  # noqa: F401  (declares the 'mmcnx2' scope)
