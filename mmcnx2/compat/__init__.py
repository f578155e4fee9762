"""What today's torch and numpy need of OpenMMLab's packages: one file a problem.

Each file names the upstream thread and says when it can go. Two kinds of file live here:

- a *mend* changes the running process (``adjust_hue``, ``torch_load``, ...); ``apply``
  runs those that every user needs, ``amp_off_without_gpu``, ``join_processes_without_gpu`` and
  ``alias_collections`` are called where they matter;
- a *check* only looks (``onedl``, ``mmcv_range``, ...): ``checks.find_problems`` runs them all for
  ``python -m mmcnx2.doctor``.

Nothing here imports a toolbox, and everything tolerates mmengine and mmcv being absent.
"""

from mmcnx2.compat import (
    adjust_hue,
    blur_radius,
    find_loader,
    mmcv_ext,
    own_configs,
    torch_load,
    yaml_load,
)
from mmcnx2.compat.amp_on_cpu import amp_off_without_gpu
from mmcnx2.compat.minkowski_collections import alias_collections
from mmcnx2.compat.processes_on_cpu import join_processes_without_gpu

__all__ = [
    'alias_collections',
    'amp_off_without_gpu',
    'apply',
    'join_processes_without_gpu',
]


def apply() -> None:
    """Apply the mends that every user needs; calling it again changes nothing."""
    find_loader.answer_find_loader()
    mmcv_ext.install()
    adjust_hue.turn_hues_over()
    blur_radius.draw_python_numbers()
    torch_load.allow_mmengine_classes()
    yaml_load.read_yaml_as_data()
    own_configs.find_own_configs()
