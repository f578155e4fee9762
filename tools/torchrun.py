"""torchrun, with its options, for tools/train.py: hands signals on, and ends as the run does.

python tools/torchrun.py --nproc_per_node=8 tools/train.py CONFIG --launcher pytorch --resume
"""

import argparse
import sys

from mmcnx2.processes.signals import leave_when_told


def parse_args() -> list[str]:
    """Return the words for torchrun, as they are; ``--help`` before all others is answered here."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage='%(prog)s [-h] [OPTION OF torchrun ...] SCRIPT [ARGUMENT ...]',
        epilog='The options are those of `torchrun --help`.',
    )
    words = sys.argv[1:]
    parser.parse_args([word for word in words[:1] if word in ('-h', '--help')])
    return words


if __name__ == '__main__':
    leave_when_told()
    ARGS = parse_args()  # before the imports below, which take seconds

from mmcnx2.processes.torchrun import launch

if __name__ == '__main__':
    raise SystemExit(launch(ARGS))
