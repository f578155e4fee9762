"""Draw what a trained model predicts on an image or on a folder of images.

Images are read as in training, of any dtype and number of channels; class names are those that the
checkpoint was trained with.
"""

import argparse
import csv
import io
from pathlib import Path

from mmcnx2 import arguments
from mmcnx2.outputs import claim_folder, write_text
from mmcnx2.processes.threads import settle_threads
from mmcnx2.shared_options import add_config_options, add_device


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', type=arguments.location, help='path of the config')
    parser.add_argument(
        'checkpoint', type=arguments.location, help='path or address of the weights'
    )
    parser.add_argument('images', type=arguments.path, help='an image or a folder of images')
    parser.add_argument(
        '--out-dir', type=arguments.path, default='predictions', help='where the pictures go'
    )
    add_device(parser)
    parser.add_argument(
        '--score-thr',
        type=arguments.number(0, 1),
        default=0.3,
        help='draw objects from this score on (default: 0.3)',
    )
    parser.add_argument(
        '--show',
        type=arguments.shown,
        help='channels to draw, such as 4,3,2, numbered as in the file, or one '
        '(default: the first three, or the first)',
    )
    add_config_options(parser)
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

from mmengine.utils import track_iter_progress

from mmcnx2.analysis.predictor import Predictor
from mmcnx2.apis.picture_files import check_names, find_images
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.readers import readable_endings
from mmcnx2.engine.device import choose_device
from mmcnx2.engine.fit_to_data import fit_to_data
from mmcnx2.engine.launch import check_checkpoint, read_config
from mmcnx2.engine.sentences import told_in_a_sentence
from mmcnx2.first_few import first_few


def as_mmpretrain(image: str) -> str:
    """Return the name that mmpretrain draws under: it cuts off what stands behind two dots."""
    return Path(Path(image).stem).with_suffix('.png').name


def as_csv(rows: list[dict]) -> str:
    """Return what was predicted as a table, a row a prediction."""
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row)) or ['image', 'class', 'score']
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@told_in_a_sentence
def main(args: argparse.Namespace) -> None:
    try:
        cfg = read_config(args.config, options=args.cfg_options)
        check_checkpoint(args.checkpoint)
        fit_to_data(cfg, checkpoint=args.checkpoint)
        images = find_images(args.images, readable_endings())
        named = as_mmpretrain if cfg.default_scope == 'mmpretrain' else None
        check_names(images, args.out_dir, named=named)
        choose_device(args.device)
        claim_folder(args.out_dir, 'vis_predictions')
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    cfg.model.backbone.pop('init_cfg', None)  # the checkpoint brings all weights
    try:
        predictor = Predictor(cfg, args.checkpoint, device=args.device, show=args.show)
    except ValueError as error:
        raise SystemExit(f'error: {error}') from None
    unreadable, rows = {}, []
    for image in track_iter_progress(images):
        try:
            rows += predictor.draw(image, args.out_dir, score=args.score_thr)
        except (OSError, UnreadableImageError) as error:
            unreadable[image] = str(error).rstrip('.')
    where = args.out_dir if cfg.default_scope == 'mmpretrain' else args.out_dir / 'vis'
    left_out = [f"'{image}' ({reason})" for image, reason in unreadable.items()]
    if not predictor.drawn:
        raise SystemExit(f'error: none of {len(images)} files can be read: {first_few(left_out)}.')
    if cfg.default_scope != 'mmseg':
        write_text(args.out_dir / 'predictions.csv', as_csv(rows))
    print(f'\nWrote {predictor.drawn} pictures to {where}')
    if predictor.shown.stretched or args.show:
        print(f'They show {predictor.shown.describe()}.')
    if left_out:
        print(f'Left out {len(left_out)} that cannot be read: {first_few(left_out)}.')


if __name__ == '__main__':
    main(ARGS)
