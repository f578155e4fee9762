"""Any config of the project, shrunk until a step takes a moment on a CPU."""

from itertools import count
from pathlib import Path

from mmengine.config import Config

CHANNELS = (8, 16, 24, 32)

_numbers = count()


def shrink(cfg: Config) -> Config:
    """Make a model tiny in place, keeping what its config says of everything but size.

    The widths of neck and heads follow the backbone.

    Args:
        cfg: A config from ``configs/``, its ``model`` built on ``mmcnx2.ConvNeXtV2``.
    """
    model = cfg.model
    arch = model.backbone.arch
    channels = list(CHANNELS[: 4 if isinstance(arch, str) else len(arch.channels)])
    model.backbone.arch = dict(depths=[1] * len(channels), channels=channels)
    match model.type:
        case 'mmcnx2.FCMAE' | 'mmcnx2.SkipFCMAE' | 'mmcnx2.DenseFCMAE':
            if 'embed_dims' in model.neck:  # a UNet has none
                model.neck.embed_dims = 16
        case 'mmcnx2.ImageClassifier':
            pass
        case 'mmcnx2.MaskRCNN' | 'mmcnx2.CascadeRCNN':
            model.neck.out_channels = 16
            model.rpn_head.update(in_channels=16, feat_channels=16)
            for name in ('bbox_roi_extractor', 'mask_roi_extractor'):
                model.roi_head[name].out_channels = 16
            heads = model.roi_head.bbox_head
            for head in heads if isinstance(heads, list) else [heads]:
                head.update(in_channels=16, fc_out_channels=16)
                if 'num_shared_convs' in head:
                    head.update(num_shared_convs=1, conv_out_channels=16)
            model.roi_head.mask_head.update(in_channels=16, conv_out_channels=16, num_convs=1)
            model.train_cfg.rpn_proposal.update(nms_pre=50, max_per_img=20)
            model.test_cfg.rpn.update(nms_pre=50, max_per_img=10)
        case 'mmcnx2.RTMDet':
            model.test_cfg.update(nms_pre=50, max_per_img=10)
        case 'mmcnx2.DINO':
            _narrow_transformer(model, width=256)  # mmdet's decoder knows no other
            model.dn_cfg.group_cfg.num_dn_queries = 5
            model.test_cfg.max_per_img = 10
        case 'mmcnx2.Mask2Former':
            _narrow_transformer(model.panoptic_head)
            model.train_cfg.num_points = 64
        case 'mmcnx2.EncoderDecoder':
            if 'pixel_decoder' in model.decode_head:
                _narrow_transformer(model.decode_head)
                model.decode_head.train_cfg.num_points = 64
            else:
                model.decode_head.channels = model.auxiliary_head.channels = 16
            if model.test_cfg.mode == 'slide':
                model.test_cfg.update(crop_size=(64, 64), stride=(32, 32))
            if 'size' in model.data_preprocessor:
                model.data_preprocessor.size = (64, 64)  # smaller images are padded to it
        case other:
            raise ValueError(f'model.type is {other!r}: teach {__name__} to shrink it.')
    for augment in model.data_preprocessor.get('batch_augments') or []:
        augment.size = (64, 64)
    return cfg


def _narrow_transformer(node: Config, *, width: int = 32) -> None:
    """Give every transformer below a node one narrow layer, and few queries, in place."""
    small = dict(
        embed_dims=width,
        feat_channels=width,
        out_channels=width,
        num_feats=width // 2,
        feedforward_channels=32,
        num_layers=1,
        num_queries=20,
        num_groups=4,
    )
    node.update({key: value for key, value in small.items() if key in node})
    for part in node.values():
        if isinstance(part, dict):
            _narrow_transformer(part, width=width)


def shorten(cfg: Config) -> Config:
    """Make a run short in place: one epoch of small batches, logged at each step, no processes.

    It gets a name of its own: mmengine keeps what it has logged by name and second, and two toy
    runs of one config in one process may begin in the same second.

    Args:
        cfg: A config from ``configs/``.
    """
    cfg.experiment_name = f'toy-{next(_numbers)}'
    cfg.default_hooks.logger.interval = 1
    cfg.visualizer.vis_backends = []
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        if cfg.get(name):
            cfg[name].update(
                num_workers=0,
                persistent_workers=False,
                pin_memory=False,
                batch_size=min(cfg[name].batch_size, 5),
            )
    if cfg.train_cfg.type == 'IterBasedTrainLoop':
        cfg.train_cfg.update(max_iters=2, val_interval=2)
        cfg.default_hooks.checkpoint.interval = 2
    else:
        cfg.train_cfg.update(max_epochs=1, val_interval=1)
    return cfg


def classify_scenes(cfg: Config, root: Path, *, size: int = 64) -> Config:
    """Turn a classification config in place to the scenes' ten classes, keeping its transforms.

    Args:
        cfg: A config from ``configs/convnext_v2``.
        root: The data set.
        size: Side of the images in pixels, instead of 224 or more.
    """
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        if not cfg.get(name):
            continue
        for transform in cfg[name].dataset.pipeline:
            match transform.type:
                case 'RandomResizedCrop':
                    transform.scale = size
                case 'ResizeEdge':
                    transform.scale = size * 8 // 7
                case 'CenterCrop':
                    transform.crop_size = size
                case 'Resize':
                    transform.scale = (size, size)
        cfg[name].dataset = dict(
            type='CustomDataset',
            data_root=str(root / 'imagenet'),
            data_prefix='train' if name == 'train_dataloader' else 'val',
            pipeline=cfg[name].dataset.pipeline,
        )
    cfg.model.num_classes = 10
    return cfg
