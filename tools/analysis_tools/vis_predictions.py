"""Draw what a trained model predicts on an image or on a folder of images.

The toolboxes' own inferencers do it; class names are those that the checkpoint was trained with.
"""

import argparse
from pathlib import Path

import mmcnx2  # noqa: F401  (answers mmcv's operators before a toolbox is imported)
from mmcnx2.engine.launch import add_config_options, check_checkpoint, read_config
from mmcnx2.engine.sentences import told_in_a_sentence

IMAGES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='path of the config')
    parser.add_argument('checkpoint', help='path or address of the weights')
    parser.add_argument('images', type=Path, help='an image or a folder of images')
    parser.add_argument('--out-dir', default='predictions', help='where the pictures go')
    parser.add_argument('--device', help='such as cpu or cuda:0 (default: what there is)')
    parser.add_argument(
        '--score-thr',
        type=float,
        default=0.3,
        help='draw objects from this score on (default: 0.3)',
    )
    add_config_options(parser)
    return parser.parse_args()


def find_images(path: Path) -> list[str]:
    """Return an image, or the images of a folder.

    Raises:
        FileNotFoundError: If there is none.
    """
    found = sorted(path.iterdir()) if path.is_dir() else [path]
    images = [str(file) for file in found if file.is_file() and file.suffix.lower() in IMAGES]
    if not images:
        raise FileNotFoundError(
            f"'{path}' is neither an image nor a folder that holds one ({', '.join(IMAGES)})."
        )
    return images


@told_in_a_sentence
def main() -> None:
    args = parse_args()
    try:
        cfg = read_config(args.config, options=args.cfg_options)
        check_checkpoint(args.checkpoint)
        images = find_images(args.images)
    except FileNotFoundError as error:
        raise SystemExit(f'error: {error}') from None
    cfg.model.backbone.pop('init_cfg', None)  # the checkpoint brings all weights
    match cfg.default_scope:
        case 'mmdet':
            from mmdet.apis import DetInferencer

            inferencer = DetInferencer(cfg, args.checkpoint, device=args.device)
            options = dict(out_dir=args.out_dir, pred_score_thr=args.score_thr)
            where = Path(args.out_dir) / 'vis'
        case 'mmseg':
            from mmseg.apis import MMSegInferencer

            inferencer = MMSegInferencer(cfg, args.checkpoint, device=args.device)
            inferencer.visualizer.dataset_meta = inferencer.model.dataset_meta
            options = dict(out_dir=args.out_dir)
            where = Path(args.out_dir) / 'vis'
        case _:
            from mmpretrain import ImageClassificationInferencer

            inferencer = ImageClassificationInferencer(cfg, args.checkpoint, device=args.device)
            options = dict(show_dir=args.out_dir)
            where = Path(args.out_dir)
    inferencer(images, **options)
    print(f'Wrote {len(images)} pictures to {where}')


if __name__ == '__main__':
    main()
