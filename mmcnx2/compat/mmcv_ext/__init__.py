"""Answer ``mmcv._ext`` when mmcv comes without compiled operators.

Upstream: no wheel of ``mmcv`` exists for current torch, and ``mmcv-lite`` ships ``mmcv/ops`` in
Python without the extension they load, so ``import mmdet`` fails (open-mmlab/mmdetection#10619,
open-mmlab/mmcv#3316). Most detectors and segmentors need no more of it than the operators answered
here; some of them on a GPU alone, where mmcv takes another branch.

Can go when ``pip install mmcv`` brings compiled operators for the torch in requirements.txt.

The finder stands *last* in ``sys.meta_path``: a compiled ``mmcv._ext`` is found first and wins.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

NAME = 'mmcv._ext'
ANSWERED = {
    'nms': 'nms', 'softnms': 'soft_nms',
    'roi_align_forward': 'roi_align', 'roi_align_backward': 'roi_align',
    'sigmoid_focal_loss_forward': 'focal_loss', 'sigmoid_focal_loss_backward': 'focal_loss',
    'ms_deform_attn_forward': 'ms_deform_attn', 'ms_deform_attn_backward': 'ms_deform_attn',
    'deform_conv_forward': 'deform_conv', 'deform_conv_backward_input': 'deform_conv',
    'deform_conv_backward_parameters': 'deform_conv',
    'modulated_deform_conv_forward': 'deform_conv',
    'modulated_deform_conv_backward': 'deform_conv',
}  # fmt: skip
"""Operator to the module of this folder that has it."""

COMPUTED_BY = dict(soft_nms='numpy', ms_deform_attn='torch')
"""Module to who computes, where that is not torchvision."""


class _ExtLoader(Loader):
    """Fills the stand-in module; torch is imported here, not when the finder is installed."""

    def exec_module(self, module: ModuleType) -> None:
        for name, file in ANSWERED.items():
            setattr(module, name, getattr(import_module(f'{__name__}.{file}'), name))
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
        Operator name in ``mmcv._ext`` -> ``'mmcv'`` (compiled), ``'torchvision'``, ``'torch'``,
        ``'numpy'``, or ``'missing: <reason>'``. Empty when mmcv is not installed or fails to
        import.
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
    return {name: COMPUTED_BY.get(file, 'torchvision') for name, file in ANSWERED.items()}


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
