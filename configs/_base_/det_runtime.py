_base_ = './default_runtime.py'

default_scope = 'mmdet'
custom_imports = dict(
    imports=[
        'mmcnx2',
        'mmcnx2.datasets.coco_format',
        'mmcnx2.datasets.load_objects',
        'mmcnx2.engine.coco_format_metric',
        'mmcnx2.engine.hooks.pipeline_switch_hook',
        'mmcnx2.models.detector',
        'mmcnx2.models.fixed_size_pad',
        'mmcnx2.models.mask2former_head',
        'mmcnx2.models.preprocessors.mmdet',
        'mmcnx2.models.roi_extractor',
    ]
)
default_hooks = dict(visualization=dict(_delete_=True, type='DetVisualizationHook'))
visualizer = dict(type='DetLocalVisualizer')
env_cfg = dict(cudnn_benchmark=False)  # image sizes vary
