"""Answer ``mmcv._ext`` when mmcv comes without compiled operators.

Upstream: no wheel of ``mmcv`` exists for current torch, and ``mmcv-lite`` ships ``mmcv/ops`` in
Python without the extension they load, so ``import mmdet`` fails (open-mmlab/mmdetection#10619,
open-mmlab/mmcv#3316). Mask R-CNN needs three operators of it: NMS, soft-NMS and RoIAlign.

Can go when ``pip install mmcv`` brings compiled operators for the torch in requirements.txt, or
when mmdet takes these three from torchvision.

The finder stands *last* in ``sys.meta_path``: a compiled ``mmcv._ext`` is found first and wins.
"""

import sys
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

NAME = 'mmcv._ext'
ANSWERED = ('nms', 'softnms', 'roi_align_forward', 'roi_align_backward')


class _ExtLoader(Loader):
    """Fills the stand-in module; torch is imported here, not when the finder is installed."""

    def exec_module(self, module: ModuleType) -> None:
        from mmcnx2.compat.mmcv_ext.nms import nms
        from mmcnx2.compat.mmcv_ext.roi_align import roi_align_backward, roi_align_forward
        from mmcnx2.compat.mmcv_ext.soft_nms import softnms

        module.nms = nms
        module.softnms = softnms
        module.roi_align_forward = roi_align_forward
        module.roi_align_backward = roi_align_backward
        # Environment reports ask these two of every mmcv that has operators.
        module.get_compiler_version = lambda: 'n/a'
        module.get_compiling_cuda_version = lambda: 'n/a'
        module.__getattr__ = _refusal


class _ExtFinder(MetaPathFinder):
    """Finds ``mmcv._ext`` when nothing before it did."""

    def find_spec(self, fullname: str, path=None, target=None) -> ModuleSpec | None:
        if fullname != NAME:
            return None
        return ModuleSpec(NAME, _ExtLoader(), origin='mmcnx2.compat.mmcv_ext')


def install() -> None:
    """Let ``mmcv._ext`` be imported without compiled operators (idempotent)."""
    if not any(isinstance(finder, _ExtFinder) for finder in sys.meta_path):
        sys.meta_path.append(_ExtFinder())


def answered_by() -> dict[str, str]:
    """Say who answers each operator that this package needs.

    Returns:
        Operator name in ``mmcv._ext`` -> ``'mmcv'`` (compiled), ``'torchvision'``, ``'numpy'``, or
        ``'missing: <reason>'``. Empty when mmcv is not installed or fails to import.
    """
    if find_spec('mmcv') is None:
        return {}
    try:
        import mmcv  # noqa: F401
    except Exception:  # then operators are not what is wrong
        return {}
    try:
        spec = find_spec(NAME)
        ext = __import__(NAME, fromlist=['nms'])
    except Exception as error:  # a broken build raises ImportError, OSError or its own
        return {name: f'missing: {error}' for name in ANSWERED}
    if spec is not None and not isinstance(spec.loader, _ExtLoader):
        return {
            name: 'mmcv' if hasattr(ext, name) else 'missing: not compiled' for name in ANSWERED
        }
    return {name: 'numpy' if name == 'softnms' else 'torchvision' for name in ANSWERED}


def _refusal(name: str) -> Callable:
    """Stand for an operator that is not answered: it fails when called, not when imported."""
    if name.startswith('__'):
        raise AttributeError(f'module {NAME!r} has no attribute {name!r}')

    def refuse(*args, **kwargs):
        raise NotImplementedError(
            f"mmcv's operator '{name}' is compiled code that mmcv-lite does not have: install mmcv "
            f'2.1.0 built for your torch (pip uninstall mmcv-lite; pip install --no-build-isolation'
            f" 'mmcv==2.1.0') to use a model that needs it."
        )

    refuse.__name__ = name
    return refuse
