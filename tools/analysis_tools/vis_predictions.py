"""Draw what a trained model predicts on an image or on a folder of images.

The toolboxes' own inferencers do it; class names are those that the checkpoint was trained with.
"""

import argparse
from pathlib import Path

from mmcnx2 import arguments
from mmcnx2.outputs import claim_folder
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
    add_config_options(parser)
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

from mmcnx2.apis.picture_files import check_names, find_images
from mmcnx2.engine.device import choose_device
from mmcnx2.engine.fit_to_data import fit_to_data
from mmcnx2.engine.launch import check_checkpoint, read_config
from mmcnx2.engine.sentences import told_in_a_sentence


def as_mmpretrain(image: str) -> str:
    """Return the name that mmpretrain draws under: it cuts off what stands behind two dots."""
    return Path(Path(image).stem).with_suffix('.png').name


@told_in_a_sentence
def main(args: argparse.Namespace) -> None:
    try:
        cfg = read_config(args.config, options=args.cfg_options)
        check_checkpoint(args.checkpoint)
        fit_to_data(cfg, checkpoint=args.checkpoint)
        images = find_images(args.images)
        named = as_mmpretrain if cfg.default_scope == 'mmpretrain' else None
        check_names(images, args.out_dir, named=named)
        choose_device(args.device)
        claim_folder(args.out_dir, 'vis_predictions')
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    out_dir = str(args.out_dir)
    cfg.model.backbone.pop('init_cfg', None)  # the checkpoint brings all weights
    match cfg.default_scope:
        case 'mmdet':
            from mmdet.apis import DetInferencer

            inferencer = DetInferencer(cfg, args.checkpoint, device=args.device)
            options = dict(out_dir=out_dir, pred_score_thr=args.score_thr)
            where = args.out_dir / 'vis'
        case 'mmseg':
            from mmseg.apis import MMSegInferencer

            inferencer = MMSegInferencer(cfg, args.checkpoint, device=args.device)
            inferencer.visualizer.dataset_meta = inferencer.model.dataset_meta
            options = dict(out_dir=out_dir)
            where = args.out_dir / 'vis'
        case _:
            from mmpretrain import ImageClassificationInferencer

            inferencer = ImageClassificationInferencer(cfg, args.checkpoint, device=args.device)
            options = dict(show_dir=out_dir)
            where = args.out_dir
    inferencer(images, **options)
    print(f'Wrote {len(images)} pictures to {where}')


if __name__ == '__main__':
    main(ARGS)
