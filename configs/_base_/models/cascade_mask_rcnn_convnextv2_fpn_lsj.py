# Cascade Mask R-CNN: three heads for boxes, each trained on the boxes of the one before it, at
# rising overlaps. Heads and their losses are ConvNeXt V1's for COCO (object_detection/configs/
# convnext/cascade_mask_rcnn_*, "giou_4conv1f"); thresholds, deviations and weights of the stages
# are those of mmdet's configs/_base_/models/cascade-mask-rcnn_r50_fpn.py. All else is as in Mask
# R-CNN here, drop path, layer decay and schedule, too: V1's (2e-4, decay 0.7 to 0.8, drop path 0.4
# to 0.7) began with supervised weights.
_base_ = './mask_rcnn_convnextv2_fpn_lsj.py'

rcnn = _base_.model.train_cfg.rcnn
model = dict(
    type='mmcnx2.CascadeRCNN',
    roi_head=dict(
        type='CascadeRoIHead',
        num_stages=3,
        stage_loss_weights=[1, 0.5, 0.25],
        bbox_head=[
            dict(
                type='ConvFCBBoxHead',
                num_shared_convs=4,
                num_shared_fcs=1,
                in_channels=256,
                conv_out_channels=256,
                fc_out_channels=1024,
                roi_feat_size=7,
                num_classes='model.num_classes',
                bbox_coder=dict(
                    type='DeltaXYWHBBoxCoder',
                    target_means=[0.0, 0.0, 0.0, 0.0],
                    target_stds=deviations,
                ),
                reg_class_agnostic=False,
                reg_decoded_bbox=True,
                norm_cfg=dict(type='SyncBN', requires_grad=True),  # plain in a single process
                loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
                loss_bbox=dict(type='GIoULoss', loss_weight=10.0),
            )
            for deviations in (
                [0.1, 0.1, 0.2, 0.2],
                [0.05, 0.05, 0.1, 0.1],
                [0.033, 0.033, 0.067, 0.067],
            )
        ],
    ),
    train_cfg=dict(
        rpn_proposal=dict(max_per_img=2000),
        rcnn=[
            dict(
                rcnn,
                assigner=dict(
                    type='MaxIoUAssigner',
                    pos_iou_thr=overlap,
                    neg_iou_thr=overlap,
                    min_pos_iou=overlap,
                    match_low_quality=False,
                    ignore_iof_thr=-1,
                ),
            )
            for overlap in (0.5, 0.6, 0.7)
        ],
    ),
)
