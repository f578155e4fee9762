"""Train with several processes on a machine without an accelerator.

Upstream: mmengine's launchers call ``torch.cuda.set_device`` before they look for a GPU, and its
``Runner`` tells DDP the number of one.

Can go when mmengine starts processes over gloo where there is no GPU.
"""

from datetime import timedelta

from mmcnx2.compat.amp_on_cpu import has_accelerator

DDP = 'MMDistributedDataParallel'


def join_processes_without_gpu(cfg) -> bool:
    """Join the processes that torchrun has started, over gloo, where no accelerator is there.

    Args:
        cfg: An mmengine ``Config`` whose ``launcher`` is set; ``model_wrapper_cfg`` is completed
            in place if the config is for DDP.

    Returns:
        True when the process has joined.
    """
    if cfg.get('launcher') != 'pytorch' or has_accelerator():
        return False
    import torch.distributed as dist

    if not dist.is_initialized():
        seconds = cfg.get('env_cfg', {}).get('dist_cfg', {}).get('timeout')
        timeout = None if seconds is None else timedelta(seconds=seconds)
        dist.init_process_group('gloo', timeout=timeout)
    wrapper = cfg.get('model_wrapper_cfg') or dict(type=DDP)
    if cfg.get('runner_type', 'Runner') == 'Runner' and wrapper.get('type', DDP) == DDP:
        cfg.model_wrapper_cfg = dict(
            broadcast_buffers=False,
            find_unused_parameters=cfg.get('find_unused_parameters', False),
            device_ids=None,
        ) | dict(wrapper)
    return True
