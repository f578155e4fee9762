"""Settings by which the commands' trainings take a moment: small networks and heads."""

from tests.support.toy import ARCH

BACKBONE = {'model.backbone.arch': ARCH}
SMALL = dict(
    finetune=BACKBONE,
    detect=BACKBONE
    | {
        'model.train_cfg.rcnn.sampler.num': 8,
        'model.train_cfg.rpn_proposal.max_per_img': 8,
        'model.test_cfg.rpn.max_per_img': 8,
        'model.test_cfg.rcnn.max_per_img': 4,
        'model.roi_head.bbox_head.fc_out_channels': 16,
        'model.roi_head.mask_head.num_convs': 1,
        'model.roi_head.mask_head.conv_out_channels': 8,
    },
    segment=BACKBONE | {'model.decode_head.channels': 16, 'model.auxiliary_head.channels': 16},
)
"""By the command's name."""

_RCNN = {key: value for key, value in SMALL['detect'].items() if '.rcnn.s' not in key}
_MASK2FORMER = {
    'num_queries': 10,
    'pixel_decoder.encoder.num_layers': 1,
    'transformer_decoder.num_layers': 1,
}
DETECTORS = {
    'cascade-mask-rcnn': {key: value for key, value in _RCNN.items() if 'bbox_head' not in key}
    | {f'model.train_cfg.rcnn.{i}.sampler.num': 8 for i in range(3)}
    | {f'model.roi_head.bbox_head.{i}.num_shared_convs': 1 for i in range(3)}
    | {f'model.roi_head.bbox_head.{i}.fc_out_channels': 16 for i in range(3)},
    'rtmdet': BACKBONE | {'model.test_cfg.max_per_img': 4},
    'rtmdet-ins': BACKBONE | {'model.test_cfg.max_per_img': 4},
    'dino': BACKBONE
    | {
        'model.num_queries': 10,
        'model.encoder.num_layers': 1,
        'model.decoder.num_layers': 1,
        'model.dn_cfg.group_cfg.num_dn_queries': 2,
        'model.test_cfg.max_per_img': 4,
    },
    'mask2former': BACKBONE
    | {f'model.panoptic_head.{key}': value for key, value in _MASK2FORMER.items()}
    | {'model.train_cfg.num_points': 64, 'model.test_cfg.max_per_image': 4},
}
"""Of `mmcnx2 detect`, by the detector."""
HEADS = (
    BACKBONE
    | {f'model.decode_head.{key}': value for key, value in _MASK2FORMER.items()}
    | {'model.decode_head.train_cfg.num_points': 64}
)
"""Of `mmcnx2 segment --head mask2former`."""
