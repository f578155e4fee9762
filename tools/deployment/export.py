"""Export a classifier to ONNX or torch.export, and compare its logits with the original's.

The exported program takes any number of images of any size that the stride (32) divides: float32,
RGB, 0..255, (N, 3, H, W). It normalizes them itself and returns logits.
"""

import argparse

from mmcnx2 import arguments
from mmcnx2.choices import EXPORT_FORMATS
from mmcnx2.outputs import check_file
from mmcnx2.processes.threads import settle_threads
from mmcnx2.shared_options import add_config_options


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', type=arguments.location, help='path of a classification config')
    parser.add_argument(
        'checkpoint', type=arguments.location, help='path or address of the weights'
    )
    parser.add_argument(
        'out',
        type=arguments.file_ending(*EXPORT_FORMATS),
        help=f'file to write; it ends in {" or ".join(EXPORT_FORMATS)}',
    )
    add_config_options(parser)
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

from mmpretrain import get_model

from mmcnx2.apis.export import (
    TOLERANCE,
    PixelsToLogits,
    deviations,
    export_program,
    save_program,
)
from mmcnx2.engine.fit_to_data import fit_to_data
from mmcnx2.engine.launch import check_checkpoint, read_config


def main(args: argparse.Namespace) -> None:
    try:
        check_file(args.out)
        check_checkpoint(args.checkpoint)
        cfg = read_config(args.config, options=args.cfg_options)
        fit_to_data(cfg, checkpoint=args.checkpoint)
        net = PixelsToLogits(get_model(cfg, pretrained=args.checkpoint, device='cpu'))
        print(f'Tracing {args.config} ...', flush=True)
        exported = save_program(export_program(net), args.out)
    except (OSError, ImportError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    found = deviations(net, exported)
    for (n, height, width), deviation in found.items():
        print(f'{n} x {height} x {width} px: logits differ by at most {deviation:.2g}')
    if max(found.values()) > TOLERANCE:
        raise SystemExit(f"error: that is more than {TOLERANCE:.0e}: do not use '{args.out}'.")
    print(f"Wrote '{args.out}'.")


if __name__ == '__main__':
    main(ARGS)
