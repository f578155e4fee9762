"""ConvNeXt V2 and FCMAE pre-training for OpenMMLab.

The method is in :mod:`mmcnx2.nn` and needs torch alone. Importing this package imports nothing but
Python's own modules and changes nothing. With mmengine, whenever that is imported, come the mends
of today's stack (:mod:`mmcnx2.compat`) and the registries with the scope ``mmcnx2``; models, data
sets and hooks are imported when a config first names one. mmpretrain's hub learns the names of the
published models: ``mmpretrain.get_model('convnextv2-atto_fcmae-pre_3rdparty_in1k')``.
"""

from mmcnx2.compat.on_import import call_after_import

__version__ = '0.1.0'


def _join_openmmlab() -> None:
    from mmcnx2 import compat, registry  # noqa: F401  (declares the scope)

    compat.apply()


def _publish_models() -> None:
    from mmpretrain.apis import ModelHub

    from mmcnx2.paths import shipped

    try:
        index = shipped('model-index.yml')
    except FileNotFoundError:  # a copy of the package's folder alone has no configs either
        return
    ModelHub.register_model_index(index, config_prefix=index.parent)


call_after_import('mmengine', _join_openmmlab)
call_after_import('mmpretrain', _publish_models)


def __getattr__(name: str):
    """Import a command when it is first called, such as ``mmcnx2.pretrain``."""
    from mmcnx2.apis.commands import CALLS, find

    if name not in CALLS:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return find(name)
