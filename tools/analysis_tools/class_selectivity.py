"""Draw how selective for classes the units of every block are (paper Figure 7).

(mu_max - mu_rest) / (mu_max + mu_rest) of each output channel of each residual block: mu_max is its
mean activity for the class that excites it most, mu_rest that for the others; 1 means one class
alone. An activity is the mean over space of the positive part. A .json beside the picture holds
settings, and mean and quartiles of every block.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from mmcnx2 import arguments
from mmcnx2.outputs import check_file, write_text
from mmcnx2.processes.threads import settle_threads
from mmcnx2.shared_options import add_model_argument


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'data', type=arguments.location, help='folder with a folder of images for each class'
    )
    add_model_argument(parser)
    parser.add_argument(
        '--num-images',
        type=arguments.count,
        metavar='N',
        help='draw N pictures, as evenly over classes as can be (default: all)',
    )
    parser.add_argument('--seed', type=arguments.seed, default=0, help='of that draw (default: 0)')
    parser.add_argument(
        '--size', type=arguments.pixels, default=224, help='side in pixels (default: 224)'
    )
    parser.add_argument('--batch-size', type=arguments.batch, default=16, help='(default: 16)')
    parser.add_argument(
        '--out',
        type=arguments.picture,
        default='class_selectivity.png',
        help='picture (default: %(default)s)',
    )
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

from mmengine.utils import track_iter_progress
from torch import Tensor

from mmcnx2.analysis.class_selectivity import draw_selectivity, measure_selectivity
from mmcnx2.analysis.encoders import Encoder, load_encoders
from mmcnx2.analysis.features import CROP_RATIO
from mmcnx2.analysis.pictures import choose_images, find_images


def class_of(image: str, root: str) -> str:
    """Return the folder right below the root that an image lies in, however deep.

    Raises:
        ValueError: If it lies in none.
    """
    folder, *below = Path(image).relative_to(root).parts or ('',)
    if not below:
        raise ValueError(f"'{image}' is in no class: '{root}' must hold a folder a class.")
    return folder


def read_labelled(
    encoder: Encoder, images: list[str], labels: list[int], size: int, batch_size: int
) -> Iterator:
    """Yield normalized images and their labels, with a progress bar."""
    print(f'{encoder.name}, batches of pictures:', flush=True)
    batches = encoder.read(
        images, size, batch_size=batch_size, shorter_side=round(size / CROP_RATIO)
    )
    starts = range(0, len(images), batch_size)
    pairs = ((batch, labels[i : i + batch_size]) for i, batch in zip(starts, batches, strict=True))
    yield from track_iter_progress((pairs, len(starts)))
    print()


def summary(units: Tensor) -> dict:
    quartiles = units.quantile(units.new_tensor([0.25, 0.5, 0.75]))
    return dict(mean=units.mean().item(), quartiles=quartiles.tolist())


def main(args: argparse.Namespace) -> None:
    beside = args.out.with_suffix('.json')
    try:
        check_file(args.out)
        check_file(beside)
        encoders = load_encoders(args.model, args.device)
        images = find_images([args.data])
        if args.num_images:
            images = choose_images(images, args.num_images, seed=args.seed)
        folders = [class_of(image, args.data) for image in images]
        classes = sorted(set(folders))
        labels = [classes.index(folder) for folder in folders]
        found = {
            encoder.name: measure_selectivity(
                encoder.net, read_labelled(encoder, images, labels, args.size, args.batch_size)
            )
            for encoder in encoders
        }
        draw_selectivity(
            found,
            args.out,
            settings=f'{len(images)} pictures of {len(classes)} classes, {args.size} px, no mask; '
            'outputs of residual blocks, positive part, mean over space',
        )
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    report = dict(
        measure='(mu_max - mu_rest) / (mu_max + mu_rest + 1e-12) of class means; an activity is '
        'the positive part, averaged over space, of an output channel of a residual block',
        size=args.size,
        seed=args.seed,
        images=len(images),
        classes=classes,
        models={
            encoder.name: dict(
                checkpoint=encoder.checkpoint,
                blocks=[[summary(units) for units in stage] for stage in found[encoder.name]],
            )
            for encoder in encoders
        },
    )
    write_text(beside, json.dumps(report, indent=1) + '\n')
    print(f'Wrote {args.out} and {beside}')


if __name__ == '__main__':
    main(ARGS)
