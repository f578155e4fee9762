"""Write docs/model_zoo.md from the metafiles."""

import argparse
from pathlib import Path

from mmcnx2 import arguments
from mmcnx2.outputs import write_text

ROOT = Path(__file__).resolve().parents[2]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--index', type=arguments.path, help='the models of this file (default: all published)'
    )
    parser.add_argument(
        '--out', type=arguments.file_ending('.md'), default=ROOT / 'docs/model_zoo.md'
    )
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

from mmcnx2.checkpoints.published import list_published
from mmcnx2.checkpoints.zoo import read_zoo
from mmcnx2.checkpoints.zoo_page import zoo_page


def main(args: argparse.Namespace) -> None:
    try:
        models = read_zoo(args.index) if args.index else list_published()
        write_text(args.out, zoo_page(models))
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    print(f'{args.out}: {len(models)} models')


if __name__ == '__main__':
    main(ARGS)
