"""Any config of the project, shrunk until a step takes a moment on a CPU."""

from mmengine.config import Config

CHANNELS = (8, 16, 24, 32)


def shrink(cfg: Config) -> Config:
    """Make a model tiny in place, keeping what its config says of everything but size.

    Args:
        cfg: A config from ``configs/``, its ``model`` built on ``mmcnx2.ConvNeXtV2``.
    """
    model = cfg.model
    model.backbone.arch = dict(depths=(1, 1, 1, 1), channels=CHANNELS)
    match model.type:
        case 'mmcnx2.FCMAE':
            model.neck.update(in_channels=CHANNELS[-1], embed_dims=16)
        case 'ImageClassifier':
            model.head.in_channels = CHANNELS[-1]
            if 'neck' in model:
                model.neck.input_features = CHANNELS[-1]
        case 'MaskRCNN':
            model.neck.update(in_channels=list(CHANNELS), out_channels=16)
            model.rpn_head.update(in_channels=16, feat_channels=16)
            for name in ('bbox_roi_extractor', 'mask_roi_extractor'):
                model.roi_head[name].out_channels = 16
            model.roi_head.bbox_head.update(in_channels=16, fc_out_channels=16)
            model.roi_head.mask_head.update(in_channels=16, conv_out_channels=16, num_convs=1)
            model.train_cfg.rpn_proposal.update(nms_pre=50, max_per_img=20)
            model.test_cfg.rpn.update(nms_pre=50, max_per_img=10)
        case 'EncoderDecoder':
            model.decode_head.update(in_channels=list(CHANNELS), channels=16)
            model.auxiliary_head.update(in_channels=CHANNELS[2], channels=16)
        case other:
            raise ValueError(f'model.type is {other!r}: teach tests/configs/toy.py to shrink it.')
    return cfg
