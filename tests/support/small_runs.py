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
