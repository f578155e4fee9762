"""Draw training images as the model gets them: augmented, with their labels, boxes and masks.

Works for detection, segmentation and classification.
"""

import argparse
from pathlib import Path

from mmcnx2 import arguments
from mmcnx2.outputs import claim_folder
from mmcnx2.shared_options import add_config_options


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', type=arguments.location, help='path of the config')
    parser.add_argument(
        '--output-dir', type=arguments.path, default='browse', help='where the pictures go'
    )
    parser.add_argument('--number', type=arguments.count, default=20, help='pictures (default: 20)')
    parser.add_argument(
        '--split', choices=['train', 'val', 'test'], default='train', help='whose data loader'
    )
    add_config_options(parser)
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

from mmengine.registry import DATASETS, VISUALIZERS, DefaultScope
from mmengine.utils import track_iter_progress

from mmcnx2.engine.launch import check_inputs, read_config


def draw(visualizer, item: dict, file: Path, *, scope: str) -> None:
    """Draw one item of a data set.

    Args:
        visualizer: The toolbox's, with the data set's ``dataset_meta``.
        item: What the data set returned: ``inputs``, uint8 BGR ``(3, H, W)``, ``data_samples``.
        file: Picture to write.
        scope: Scope of the config.
    """
    image = item['inputs'].flip(0).permute(1, 2, 0).contiguous().numpy()
    sample = item['data_samples']
    if scope == 'mmpretrain':
        visualizer.visualize_cls(
            image, sample, classes=visualizer.dataset_meta.get('classes'), out_file=str(file)
        )
        return
    if scope == 'mmdet':
        objects = sample.gt_instances
        objects.bboxes = getattr(objects.bboxes, 'tensor', objects.bboxes)
        if 'masks' in objects:
            objects.masks = objects.masks.to_ndarray().astype(bool)
        sample = sample.numpy()
    visualizer.add_datasample(file.stem, image, sample, draw_pred=False, out_file=str(file))


def main(args: argparse.Namespace) -> None:
    name = f'{args.split}_dataloader'
    try:
        cfg = read_config(args.config, options=args.cfg_options)
        if not cfg.get(name) or cfg.model.type.endswith('FCMAE'):
            raise ValueError(f"'{args.config}' has no {name} with labels to draw.")
        cfg.model.pop('backbone')  # no weights are needed
        check_inputs(cfg, (name,))
        folder = claim_folder(args.output_dir, 'browse_dataset')
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        dataset = DATASETS.build(cfg[name].dataset)
        cfg.visualizer.update(name='browse_dataset', vis_backends=None)
        visualizer = VISUALIZERS.build(cfg.visualizer)
    visualizer.dataset_meta = dataset.metainfo
    count = min(args.number, len(dataset))
    for i in track_iter_progress(range(count)):
        item = dataset[i]
        stem = Path(item['data_samples'].img_path).stem
        draw(visualizer, item, folder / f'{i:06d}_{stem}.jpg', scope=cfg.default_scope)
    print(f'\nWrote {count} pictures to {folder}')


if __name__ == '__main__':
    main(ARGS)
