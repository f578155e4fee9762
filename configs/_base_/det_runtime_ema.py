# Detection with averaged weights, which are scored and kept: those of mmdet's configs/rtmdet.
_base_ = './det_runtime.py'

default_hooks = dict(
    ema=dict(
        type='EMAHook',
        ema_type='ExpMomentumEMA',
        momentum=0.0002,
        update_buffers=True,
        priority=49,
    )
)
