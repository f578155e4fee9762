"""torchrun, with its options, for tools/train.py: hands signals on, and ends as the run does.

python tools/torchrun.py --nproc_per_node=8 tools/train.py CONFIG --launcher pytorch --resume
"""

import sys

from mmcnx2.processes.signals import leave_when_told

if __name__ == '__main__':
    leave_when_told()
    from mmcnx2.processes.torchrun import launch  # imports torch, which takes its time

    raise SystemExit(launch(sys.argv[1:]))
