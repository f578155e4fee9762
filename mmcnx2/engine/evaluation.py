"""The options of tools/test.py in the words of each toolbox; the scope of the config picks them."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from inspect import signature
from pathlib import Path

from mmengine.config import Config, ConfigDict
from mmengine.evaluator import DumpResults
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader, Runner

from mmcnx2.checkpoints.files import read_checkpoint
from mmcnx2.checkpoints.published import is_remote
from mmcnx2.datasets.preflight import dataset_class, leaf_datasets, predicts_masks
from mmcnx2.engine.data_check import check_data


def keep_training_config(cfg: Config) -> None:
    """Have the runner write the config of a test beside that of the training, as ``NAME_test.py``.

    Args:
        cfg: Read from a file; changed in place.
    """
    path = Path(cfg.filename)
    # Config keeps attributes of its own out of reach: they would become keys.
    object.__setattr__(cfg, '_filename', str(path.with_name(f'{path.stem}_test{path.suffix}')))


def show_predictions(cfg: Config, folder: str) -> None:
    """Have every test image drawn with its prediction into a folder.

    Args:
        cfg: A config with a ``visualization`` hook of its toolbox; changed in place.
        folder: mmdet puts a relative one below the run's own folder, as its users know it.
    """
    hook = cfg.default_hooks.visualization
    hook.interval = 1
    match cfg.default_scope:
        case 'mmdet':
            hook.update(draw=True, test_out_dir=folder)
        case 'mmseg':
            hook.draw = True
            cfg.visualizer.save_dir = folder
        case _:
            hook.update(enable=True, out_dir=folder)


def write_segmentations(cfg: Config, folder: str | Path) -> None:
    """Have mmseg's metric write its label maps into a folder.

    Args:
        cfg: A config with one metric as ``test_evaluator``; changed in place.
        folder: Where the ``.png`` files go.
    """
    cfg.test_evaluator.update(output_dir=str(folder), keep_results=True)


def dump_predictions(runner: Runner, file: str, *, scope: str) -> None:
    """Have the predictions of the coming test pickled into a file.

    Args:
        runner: Built, not run.
        file: Its name ends in ``.pkl`` or ``.pickle``.
        scope: The config's ``default_scope``. mmdet's masks are stored as run lengths.
    """
    dump = DumpResults
    if scope == 'mmdet':
        from mmdet.evaluation import DumpDetResults as dump
    runner.test_evaluator.metrics.append(dump(out_file_path=file))


def augment_at_test(cfg: Config) -> None:
    """Average the predictions of several views: the config's ``tta_pipeline``.

    A classifier without one gets the image and its mirror image.

    Args:
        cfg: Changed in place: model and test pipeline.

    Raises:
        ValueError: If the config says nothing of ``tta_model`` and ``tta_pipeline`` and is not a
            classifier's, or if the model predicts instance masks, which mmdet cannot average.
    """
    if predicts_masks(cfg.model):
        raise ValueError(
            '--tta cannot average the instance masks of this model (mmdet averages boxes only): '
            'test without it.'
        )
    pipeline = cfg.test_dataloader.dataset.pipeline
    if cfg.default_scope == 'mmpretrain':
        cfg.setdefault('tta_model', dict(type='AverageClsScoreTTA'))
        cfg.setdefault('tta_pipeline', _mirrored(pipeline))
    if 'tta_model' not in cfg or 'tta_pipeline' not in cfg:
        raise ValueError(
            f'--tta with {cfg.default_scope} needs tta_model and tta_pipeline in the config: '
            'configs/_base_/datasets/scenes_seg.py shows both.'
        )
    cfg.model = ConfigDict(**cfg.tta_model, module=cfg.model)
    cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline


def _mirrored(pipeline: list) -> list:
    """Return a test pipeline that ends in two views, mirrored and not."""
    *transforms, pack = deepcopy(pipeline)
    flips = [dict(type='RandomFlip', prob=1.0), dict(type='RandomFlip', prob=0.0)]
    return [*transforms, dict(type='TestTimeAug', transforms=[flips, [pack]])]


def evaluate(runner: Runner, *, look: bool = True) -> dict[str, float]:
    """Test the model of a checkpoint, whose class names count where the data's own are not there.

    Args:
        runner: Built, not run, its ``load_from`` the checkpoint.
        look: Look at the data first (:func:`.check_data`).

    Returns:
        The scores by name.

    Raises:
        CheckpointError: The checkpoint cannot be read, or lacks a head.
        SystemExit: With sentences, if the data are not as they must be.
    """
    classes = trained_classes(runner._load_from)
    loader = runner._test_dataloader
    take_class_names(loader.dataset, classes)
    if look:
        check_data(runner.cfg, dict(test=loader), classes=classes)
    return runner.test()


def trained_classes(checkpoint: str) -> tuple[str, ...] | None:
    """Return the names of the classes that a checkpoint was trained on, None if it has none.

    Args:
        checkpoint: Path, address or published name.

    Raises:
        CheckpointError: It cannot be read.
    """
    if is_remote(checkpoint):
        contents = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    else:  # held against its checksums when its weights are loaded
        contents = read_checkpoint(checkpoint, verify=False, mmap=True)
    meta = contents.get('meta', {}).get('dataset_meta') or {}
    return meta.get('classes')


def take_class_names(dataset: Mapping, classes: Sequence[str] | None) -> None:
    """Give a data set the class names of a model where those of its data are not there.

    Args:
        dataset: Its config, changed in place. A data set that reads its names from somewhere says
            so by its argument ``classes_from``, a path below ``data_root``; others stay as they
            are.
        classes: Names of the classes of the model, by label; None changes nothing.
    """
    for options in leaf_datasets(dataset):
        kind = dataset_class(options)
        source = kind and signature(kind).parameters.get('classes_from')
        if not classes or source is None or (options.get('metainfo') or {}).get('classes'):
            continue
        source = options.get('classes_from', source.default)
        if source and not (path := Path(options.get('data_root') or '') / source).exists():
            options['metainfo'] = dict(options.get('metainfo') or {}, classes=tuple(classes))
            print_log(
                f"'{path}' does not exist: the class names are those of the checkpoint.",
                logger='current',
            )
