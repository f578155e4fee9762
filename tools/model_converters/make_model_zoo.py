"""Write docs/model_zoo.md from model-index.yml and the metafiles that it lists."""

import argparse
from pathlib import Path

from mmcnx2.checkpoints.zoo import read_zoo
from mmcnx2.checkpoints.zoo_page import zoo_page

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--index', type=Path, default=ROOT / 'model-index.yml')
    parser.add_argument('--out', type=Path, default=ROOT / 'docs/model_zoo.md')
    args = parser.parse_args()
    models = read_zoo(args.index)
    args.out.write_text(zoo_page(models))
    print(f'{args.out}: {len(models)} models')


if __name__ == '__main__':
    main()
