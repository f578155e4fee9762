"""``python -m mmcnx2.cli``, which is the command ``mmcnx2``."""

from mmcnx2.cli import main

if __name__ == '__main__':
    main()
