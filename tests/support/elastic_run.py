"""What torchrun starts in a test: a toy run of two processes, one of which may die once."""

import os
import sys
from pathlib import Path

import torch
import torch.distributed as dist

from tests.support.long_run import KillItself, end_state, make_runner


def main() -> None:
    work_dir, step = Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    attempt = os.environ['TORCHELASTIC_RESTART_COUNT']
    # A meeting place of its own for each start: addresses of the dead are not met again.
    dist.init_process_group(
        'gloo',
        init_method=f'file://{work_dir.parent}/{work_dir.name}-start-{attempt}',
        rank=int(os.environ['RANK']),
        world_size=int(os.environ['WORLD_SIZE']),
    )
    first = attempt == '0'
    dies = first and dist.get_rank() == 1
    runner = make_runner(
        work_dir,
        epochs=2,
        ema=False,
        hooks=(KillItself(step if dies else 0, 'before' if dies else 'never'),),
        launcher='pytorch',
        cfg=dict(model_wrapper_cfg=dict(type='MMDistributedDataParallel', device_ids=None)),
    )
    runner.train()
    if dist.get_rank() == 0:
        torch.save(end_state(runner), work_dir / 'end.pt')
    dist.destroy_process_group()


if __name__ == '__main__':
    main()
