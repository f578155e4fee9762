"""Make a trained checkpoint ready to publish: weights and meta data, no optimizer state.

The output's name gets the first 8 digits of its SHA-256, as OpenMMLab publishes. Any checkpoint of
an OpenMMLab runner is taken: pre-training, classifier, detector, segmentor.
"""

import argparse

from mmcnx2 import arguments
from mmcnx2.outputs import check_file

KEPT = ('state_dict', 'meta')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('in_file', type=arguments.path, help='checkpoint of a training run')
    parser.add_argument(
        'out_file',
        type=arguments.weights,
        help='.pth, or .safetensors for the weights alone',
    )
    parser.add_argument(
        '--no-ema',
        action='store_true',
        help='publish the weights themselves where the run kept a moving average of them',
    )
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

from mmcnx2.checkpoints.files import read_checkpoint, save_checkpoint
from mmcnx2.checkpoints.unwrap import unwrap


def publish(args: argparse.Namespace) -> str:
    """Write the file and return a summary."""
    check_file(args.out_file, inputs=[args.in_file])
    checkpoint = read_checkpoint(args.in_file)
    weights = unwrap(checkpoint, ema=False if args.no_ema else None)
    # An average is stored under 'module.', beside the number of its steps.
    weights = {k.removeprefix('module.'): v for k, v in weights.items() if k != 'steps'}
    published = dict(state_dict=weights, meta=checkpoint.get('meta', {}))
    path = save_checkpoint(published, args.out_file, hash_in_name=True)
    left = [key for key in checkpoint if key not in KEPT]
    before, after = (file.stat().st_size / 2**20 for file in (args.in_file, path))
    return (
        f'{path}: {sum(tensor.numel() for tensor in weights.values()) / 1e6:.2f} M parameters, '
        f'{after:.1f} of {before:.1f} MiB; left out {", ".join(left) or "nothing"}'
    )


def main(args: argparse.Namespace) -> None:
    try:
        print(publish(args))
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None


if __name__ == '__main__':
    main(ARGS)
