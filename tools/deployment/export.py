"""Export a trained model to ONNX or torch.export, and compare it with the original.

The exported program takes pictures as they are, uint8 RGB (N, H, W, 3), of any size from 64 px on,
and does the rest itself. What comes out: logits of a classifier; boxes, scores, labels and masks of
a detector, which takes one picture; labels and scores of every pixel of a segmentor; the maps of
all stages of an encoder; whole pictures of FCMAE, which also takes what is visible.
"""

import argparse

from mmcnx2 import arguments
from mmcnx2.choices import EXPORT_FORMATS, EXPORT_PARTS, EXPORT_PRECISIONS, OLDEST_OPSET
from mmcnx2.outputs import check_file
from mmcnx2.processes.threads import settle_threads
from mmcnx2.shared_options import add_config_options


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', type=arguments.location, help='path of the config')
    parser.add_argument(
        'checkpoint', type=arguments.location, help='path or address of the weights'
    )
    parser.add_argument(
        'out',
        type=arguments.file_ending(*EXPORT_FORMATS),
        help=f'file to write; it ends in {" or ".join(EXPORT_FORMATS)}',
    )
    parser.add_argument(
        '--part',
        choices=EXPORT_PARTS,
        default='all',
        help="all: what the model predicts, of pre-training its encoder's features; features: the "
        'encoder of any model; reconstruction: pre-training with its decoder (default: all)',
    )
    parser.add_argument(
        '--precision',
        choices=EXPORT_PRECISIONS,
        default='fp32',
        help='int8 needs .onnx and --photos (default: fp32)',
    )
    parser.add_argument(
        '--photos',
        type=arguments.path,
        help='an image, or a folder of images, to compare on, and to find the ranges of int8 by '
        '(default: random pictures)',
    )
    parser.add_argument(
        '--opset',
        type=arguments.whole(1, 99),
        default=OLDEST_OPSET,
        help="version of ONNX's operators (default: %(default)s)",
    )
    add_config_options(parser)
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

from pathlib import Path
from tempfile import TemporaryDirectory

from mmcnx2.apis.exporting.comparison import compare
from mmcnx2.apis.exporting.files import Runner, check_opset, open_onnx, save_program, trace
from mmcnx2.apis.exporting.int8 import quantize
from mmcnx2.apis.exporting.kinds import make_program
from mmcnx2.apis.exporting.loading import load_model
from mmcnx2.apis.exporting.program import Program
from mmcnx2.apis.picture_files import find_images
from mmcnx2.engine.launch import check_checkpoint, read_config
from mmcnx2.engine.sentences import told_in_a_sentence


def check_options(args: argparse.Namespace) -> list[Path]:
    """Refuse options that do not go together; return the photos.

    Raises:
        OSError: A file is missing or cannot be written.
        ImportError: A package that ONNX needs is not installed.
        ValueError: They do not.
    """
    check_file(args.out)
    check_checkpoint(args.checkpoint)
    onnx = str(args.out).endswith('.onnx')
    if onnx:
        check_opset(args.opset)
    if args.precision == 'int8' and not (onnx and args.photos):
        raise ValueError(
            '--precision int8 needs a file that ends in .onnx, and --photos like those that the '
            'model will see: its ranges are found by them.'
        )
    if args.precision == 'int8' and args.part == 'reconstruction':
        raise ValueError('--part reconstruction has no int8: take fp32 or fp16.')
    return [Path(file) for file in find_images(args.photos)] if args.photos else []


def write(program: Program, args: argparse.Namespace, facts: dict, photos: list[Path]) -> Runner:
    """Write the file and return it as read back."""
    traced = trace(program)
    if args.precision != 'int8':
        return save_program(program, traced, args.out, facts=facts, opset=args.opset)
    with TemporaryDirectory() as folder:
        exact = Path(folder, 'exact.onnx')
        save_program(program, traced, exact, opset=args.opset)
        quantize(exact, Path(args.out), photos, facts)
    return open_onnx(args.out)


@told_in_a_sentence
def main(args: argparse.Namespace) -> None:
    try:
        photos = check_options(args)
        cfg = read_config(args.config, options=args.cfg_options)
        model, facts = load_model(cfg, args.checkpoint)
        program = make_program(model, part=args.part, precision=args.precision)
        facts = program.facts() | facts
        if photos and program.channels != 3:
            raise ValueError(
                f'--photos are pictures, and the model takes images of {program.channels} '
                'channels: leave them out; int8 is for pictures alone.'
            )
        for note in program.notes:
            print(note)
        print(f'Tracing {args.config} ...', flush=True)
        exported = write(program, args, facts, photos)
    except (OSError, ImportError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    looser = LOOSER_INT8 if args.precision == 'int8' else 1
    too_large = False
    for (n, height, width), deviations in compare(program, exported, photos=photos, looser=looser):
        for each in deviations:
            too_large |= each.too_large
            print(
                f'{n} x {height} x {width} px: {each.found:.2g} {each.what} '
                f'({each.allowed:.0e} allowed)'
            )
    if too_large:
        raise SystemExit(f"error: that is more than allowed: do not use '{args.out}'.")
    print(f"Wrote '{args.out}'.")


LOOSER_INT8 = 1000
"""Times what float32 may differ by: a tenth of the largest logit."""


if __name__ == '__main__':
    main(ARGS)
