"""Convert a ConvNeXt V2 checkpoint of any library for any other.

The input is recognized by itself: official (dense, or FCMAE on MinkowskiEngine), timm, Hugging
Face, mmpretrain, mmcnx2. The output's name gets the first 8 digits of its SHA-256.
"""

import argparse
import json
from pathlib import Path

from mmcnx2 import arguments
from mmcnx2.choices import DIALECTS
from mmcnx2.outputs import check_file, write_text

OPENMMLAB = ('mmcnx2', 'mmpretrain')
ROOT = Path(__file__).resolve().parents[2]
CLASSIFIER = ROOT / 'configs/_base_/models/convnextv2_classifier.py'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'input',
        metavar='IN',
        type=arguments.location,
        help='path, address or published name of the checkpoint',
    )
    parser.add_argument(
        'output', metavar='OUT', type=arguments.weights, help='.pth, .pt, .bin or .safetensors'
    )
    parser.add_argument('--to', choices=DIALECTS, default='mmcnx2', help='default: %(default)s')
    parser.add_argument(
        '--drop-extra',
        action='store_true',
        help="leave out what the target has no place for (a decoder in timm, a detector's neck)",
    )
    parser.add_argument(
        '--ema',
        action=argparse.BooleanOptionalAction,
        help='take the averaged weights, or the others, of a checkpoint that has both',
    )
    head = parser.add_mutually_exclusive_group()
    head.add_argument('--num-classes', type=arguments.whole(1, 10**6), help='new head of zeros')
    head.add_argument('--no-head', action='store_true', help='leave the head out')
    parser.add_argument(
        '--final-norm',
        action='store_true',
        help='add the final norm that pre-training has none of, untrained (weight 1, bias 0)',
    )
    parser.add_argument(
        '--in-channels',
        type=arguments.whole(1, 10**4),
        help='channels of the images; needs --stem',
    )
    parser.add_argument(
        '--stem',
        choices=['sum', 'repeat', 'new'],
        help='how the stem sees other channels: the mean response in each, old ones in turn, '
        'or new ones after the old, which start at zero',
    )
    parser.add_argument(
        '--stem-patch-size',
        type=arguments.whole(1, 1024),
        help='resample the stem: 2 sees images of half the side as 4 saw them whole',
    )
    parser.add_argument(
        '--resolution',
        type=arguments.pixels,
        default=224,
        help='side of the images in pixels (default: %(default)s); weights do not depend on it, it '
        'is checked against the stride and counted with',
    )
    parser.add_argument(
        '--keep-name', action='store_true', help='no hash in the name: OUT as it is given'
    )
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

from mmengine.config import Config

from mmcnx2.analysis.model_complexity import measure_complexity
from mmcnx2.checkpoints import convert_state_dict, recognize
from mmcnx2.checkpoints.architecture import Architecture
from mmcnx2.checkpoints.files import read_checkpoint, save_checkpoint
from mmcnx2.checkpoints.hugging_face import hugging_face_config, hugging_face_processor
from mmcnx2.checkpoints.integrity import sha256_of
from mmcnx2.checkpoints.published import find_file
from mmcnx2.checkpoints.unwrap import unwrap
from mmcnx2.engine.run_settings import settings_held


def convert(args: argparse.Namespace) -> str:
    """Convert and return the summary. See ``convert_state_dict`` for the errors."""
    say(1, f'reading {args.input}')
    check_file(args.output, inputs=[args.input])
    contents = read_checkpoint(find_file(args.input))
    weights = unwrap(contents, ema=args.ema)
    found = recognize(weights)
    say(2, f'converting {found.dialect.title} to {args.to}')
    converted = convert_state_dict(
        weights,
        to=args.to,
        drop_extra=args.drop_extra,
        encoder_prefix='backbone.' if args.to in OPENMMLAB else None,
        num_classes=0 if args.no_head else args.num_classes,
        final_norm=args.final_norm,
        in_channels=args.in_channels,
        stem=args.stem,
        stem_patch_size=args.stem_patch_size,
    )
    result = recognize(converted).architecture
    cost = cost_of(result, args.resolution)
    say(3, f'writing {args.output}')
    meta = dict(converted_from=found.dialect.name, architecture=str(result))
    checkpoint = wrap(converted, args.to, meta)
    output = save_checkpoint(checkpoint, args.output, hash_in_name=not args.keep_name)
    beside = []
    if args.to == 'hf':
        beside = write_beside(output, result, settings_held(contents), args.resolution)
    parameters = sum(tensor.numel() for tensor in converted.values())
    size = result.size or "none of the paper's"
    return '\n'.join(
        [
            f'size         {size}: {result}',
            f'parameters   {parameters / 1e6:.2f} M',
            f'cost         {cost / 1e9:.2f} G multiply-adds at {args.resolution} px',
            f'file         {output}',
            f'SHA-256      {sha256_of(output)}',
            *beside,
        ]
    )


def write_beside(
    output: Path, architecture: Architecture, settings: dict | None, resolution: int
) -> list[str]:
    """Write what Hugging Face reads beside the weights, and say what is in it."""
    config = hugging_face_config(architecture, image_size=resolution)
    write_text(output.with_name('config.json'), json.dumps(config, indent=2))
    processor = hugging_face_processor(architecture, settings, image_size=resolution)
    if processor is None:
        return [
            'images       no preprocessor_config.json: Hugging Face cannot normalize these as in '
            f'training, or how is not known ({architecture.in_channels} channels)'
        ]
    write_text(output.with_name('preprocessor_config.json'), json.dumps(processor, indent=2))
    mean, std = (processor[name] for name in ('image_mean', 'image_std'))
    return [f'images       mean {mean}, deviation {std} of 0..1, {resolution} px']


def wrap(state_dict: dict, to: str, meta: dict) -> dict:
    """Return the checkpoint that the target's own programs look into."""
    if to in OPENMMLAB:
        return dict(state_dict=state_dict, meta=meta)
    return dict(model=state_dict) if to.startswith('official') else state_dict


def say(step: int, what: str) -> None:
    """Print one of three lines of progress."""
    print(f'[{step}/3] {what}', flush=True)


def cost_of(architecture: Architecture, resolution: int) -> int:
    """Count the multiply-adds of an encoder and its head on one square image."""
    cfg = Config.fromfile(CLASSIFIER)
    cfg.default_scope = 'mmpretrain'
    cfg.model.backbone.update(
        arch=dict(depths=architecture.depths, channels=architecture.channels),
        in_channels=architecture.in_channels,
        stem_patch_size=architecture.stem_patch_size,
    )
    cfg.model.num_classes = architecture.num_classes or 1
    counts = measure_complexity(cfg, resolution, resolution).multiply_adds
    return counts['backbone'] + (counts['head'] if architecture.num_classes else 0)


def main(args: argparse.Namespace) -> None:
    try:
        print(convert(args))
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None


if __name__ == '__main__':
    main(ARGS)
