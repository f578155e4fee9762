"""Child registries with the scope ``mmcnx2``: a config says ``type='mmcnx2.ConvNeXtV2'``.

``locations`` are imported the first time a registry is searched, so that ``import mmcnx2`` stays
cheap and pulls in no toolbox.
"""

from mmengine import registry as root

MODELS = root.Registry('model', parent=root.MODELS, scope='mmcnx2', locations=['mmcnx2.models'])
DATASETS = root.Registry(
    'dataset', parent=root.DATASETS, scope='mmcnx2', locations=['mmcnx2.datasets']
)
TRANSFORMS = root.Registry(
    'transform', parent=root.TRANSFORMS, scope='mmcnx2', locations=['mmcnx2.datasets']
)
HOOKS = root.Registry(
    'hook',
    parent=root.HOOKS,
    scope='mmcnx2',
    locations=['mmcnx2.engine', 'mmcnx2.analysis.hooks'],
)
PARAM_SCHEDULERS = root.Registry(
    'parameter scheduler',
    parent=root.PARAM_SCHEDULERS,
    scope='mmcnx2',
    locations=['mmcnx2.engine'],
)
METRICS = root.Registry('metric', parent=root.METRICS, scope='mmcnx2', locations=['mmcnx2.engine'])
OPTIM_WRAPPER_CONSTRUCTORS = root.Registry(
    'optim wrapper constructor',
    parent=root.OPTIM_WRAPPER_CONSTRUCTORS,
    scope='mmcnx2',
    locations=['mmcnx2.engine'],
)
RUNNERS = root.Registry('runner', parent=root.RUNNERS, scope='mmcnx2', locations=['mmcnx2.engine'])
