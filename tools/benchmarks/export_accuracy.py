"""Count how many pictures of labelled folders exported classifiers name rightly.

The first file is what the others are compared with: the share of pictures to which a file gives the
same class. Needs onnxruntime, NumPy and Pillow.

Example: python tools/benchmarks/export_accuracy.py fp32.onnx int8.onnx --data scenes/imagenet/val
"""

import argparse

from mmcnx2 import arguments


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('files', nargs='+', type=arguments.path, help='ONNX files of classifiers')
    parser.add_argument(
        '--data', type=arguments.path, required=True, help='folder with a folder a class'
    )
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

import numpy as np
from tables import table

from mmcnx2.apis.exported.model import ExportedModel, open_picture
from mmcnx2.apis.picture_files import find_images


def main(args: argparse.Namespace) -> None:
    runs = [ExportedModel.open(path) for path in args.files]
    folders = sorted(each for each in args.data.iterdir() if each.is_dir())
    said, truth = [], []
    for label, folder in enumerate(folders):
        for file in find_images(folder):
            picture = open_picture(file)
            said.append([run(picture)['logits'].argmax() for run in runs])
            truth.append(label)
    said, truth = np.array(said), np.array(truth)
    rows = [
        [path.name, f'{path.stat().st_size / 2**20:.1f}', f'{100 * (each == truth).mean():.2f}',
         f'{100 * (each == said[:, 0]).mean():.2f}']
        for path, each in zip(args.files, said.T, strict=True)
    ]  # fmt: skip
    print(table(['file', 'MiB', 'top-1 in %', 'as the first in %'], rows, texts=1))


if __name__ == '__main__':
    main(ARGS)
