_base_ = './default_runtime.py'

default_scope = 'mmseg'
custom_imports = dict(
    imports=[
        'mmcnx2',
        'mmcnx2.datasets.mask_folder',
        'mmcnx2.models.preprocessors.mmseg',
        'mmcnx2.models.segmentor',
    ]
)
default_hooks = dict(
    logger=dict(log_metric_by_epoch=False),
    checkpoint=dict(by_epoch=False, interval=500),
    visualization=dict(_delete_=True, type='SegVisualizationHook'),
)
visualizer = dict(type='SegLocalVisualizer')
log_processor = dict(by_epoch=False)
