# RTMDet-Ins: RTMDet whose head predicts masks, too. Values are those of mmdet's
# configs/rtmdet/rtmdet-ins_l_8xb32-300e_coco.py.
_base_ = './rtmdet_convnextv2.py'

model = dict(
    bbox_head=dict(
        type='RTMDetInsSepBNHead',
        loss_mask=dict(type='DiceLoss', loss_weight=2.0, eps=5e-6, reduction='mean'),
    ),
    test_cfg=dict(
        nms_pre=1000,
        score_thr=0.05,
        nms=dict(iou_threshold=0.6),
        max_per_img=100,
        mask_thr_binary=0.5,
    ),
)
