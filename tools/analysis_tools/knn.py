"""Classify test images by their nearest neighbors among training images, without training.

Takes the encoder of any checkpoint, of a pre-training run or a classifier, and size and images from
a classification config. Features are the last stage's maps, averaged over space.
"""

import argparse
from collections.abc import Iterator

from mmcnx2 import arguments
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
        '-k', type=arguments.count, default=20, help='neighbors that vote (default: 20)'
    )
    parser.add_argument(
        '--temperature',
        type=arguments.positive,
        default=0.07,
        help='of their votes (default: 0.07)',
    )
    add_config_options(parser)
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.model import BaseModel, PretrainedInit
from mmengine.registry import DefaultScope
from mmengine.utils import track_iter_progress
from torch.utils.data import DataLoader

from mmcnx2.analysis.features import extract_features, labelled_images
from mmcnx2.analysis.knn import check_neighbors, check_same_classes, knn_top1
from mmcnx2.engine.fit_to_data import fit_to_data
from mmcnx2.engine.launch import check_checkpoint, check_inputs, read_config
from mmcnx2.engine.training import foreseen_ends
from mmcnx2.registry import MODELS


def prepare(args: argparse.Namespace) -> Config:
    """Return the config to evaluate. See ``launch`` for the errors."""
    cfg = read_config(args.config, options=args.cfg_options)
    if not cfg.get('test_dataloader'):
        raise ValueError(
            f"'{args.config}' has no test_dataloader: give a config that classifies, such as the "
            'one that fine-tunes from this checkpoint.'
        )
    check_checkpoint(args.checkpoint)
    # Pre-training knows no final norm, and the features of all checkpoints should be alike.
    cfg.model.backbone.final_norm = False
    cfg.model.backbone.pop('init_cfg', None)
    check_inputs(cfg, ('train_dataloader', 'test_dataloader'))
    fit_to_data(cfg, checkpoint=args.checkpoint)
    return cfg


def load_model(cfg: Config, checkpoint: str) -> BaseModel:
    """Build the config's model and give its encoder the checkpoint's weights."""
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    PretrainedInit(checkpoint, prefix='backbone.', map_location='cpu')(model.backbone)
    return model.to(get_device())


def show_progress(loader: DataLoader) -> Iterator:
    return track_iter_progress((loader, len(loader)))


def main(args: argparse.Namespace) -> None:
    try:
        cfg = prepare(args)
        test = cfg.test_dataloader
        loading = dict(batch_size=test.batch_size, num_workers=test.num_workers)
        loaders = [
            labelled_images(dict(dataset, pipeline=test.dataset.pipeline), **loading)
            for dataset in (test.dataset, cfg.train_dataloader.dataset)
        ]
        check_same_classes(loaders[0].dataset, loaders[1].dataset)
        check_neighbors(args.k, len(loaders[1].dataset))
        model = load_model(cfg, args.checkpoint)
        with foreseen_ends():
            features = [extract_features(model, each, progress=show_progress) for each in loaders]
        top1 = knn_top1(*features[0], *features[1], k=args.k, temperature=args.temperature)
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    print(
        f'\nk-NN top-1: {top1:.2f} % (k={args.k}, {len(loaders[0].dataset)} images against '
        f'{len(loaders[1].dataset)})'
    )


if __name__ == '__main__':
    main(ARGS)
