"""Train a mixed-precision config on a machine without an accelerator.

Upstream: mmengine's ``AmpOptimWrapper`` asserts that a GPU is there (open-mmlab/mmpretrain#1556).

Can go when mmengine's wrapper falls back to float32, or trains in bfloat16, on a CPU.
"""

import logging

# What AmpOptimWrapper takes beyond OptimWrapper.
_AMP_ONLY = ('dtype', 'loss_scale', 'use_fsdp')


def amp_off_without_gpu(cfg, *, logger: logging.Logger | None = None) -> bool:
    """Replace ``AmpOptimWrapper`` by ``OptimWrapper`` in a config when no accelerator is there.

    Args:
        cfg: An mmengine ``Config`` (or mapping with an ``optim_wrapper`` key); changed in place.
        logger: Gets the one line; the logger ``'mmcnx2'`` by default.

    Returns:
        True when the config was changed.
    """
    wrapper = cfg.get('optim_wrapper')
    if not wrapper or not _is_amp(wrapper.get('type')) or has_accelerator():
        return False
    wrapper['type'] = 'OptimWrapper'
    for key in _AMP_ONLY:
        wrapper.pop(key, None)
    (logger or logging.getLogger('mmcnx2')).warning(
        'Mixed precision is off: AmpOptimWrapper needs a GPU and this machine has none; training '
        'goes on in float32.'
    )
    return True


def _is_amp(wrapper_type) -> bool:
    """Whether a config's ``type`` (a name, a scoped name or the class) is AmpOptimWrapper."""
    name = wrapper_type if isinstance(wrapper_type, str) else getattr(wrapper_type, '__name__', '')
    return name.rpartition('.')[2] == 'AmpOptimWrapper'


def has_accelerator() -> bool:
    """Whether mmengine's AmpOptimWrapper would accept this machine."""
    from mmengine import device

    return (
        device.is_cuda_available()
        or device.is_npu_available()
        or device.is_mlu_available()
        or device.is_musa_available()
    )
