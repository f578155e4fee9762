"""Check the published models: download, convert, compare every shape, and reproduce accuracies.

Each checkpoint is fetched once, converted and held against its config's model, strictly; a copy of
it must have the same numbers. With --data-root, classifiers are tested on ImageNet and their top-1
is compared with the paper's.
"""

import argparse
import tempfile
from fnmatch import fnmatch
from pathlib import Path

from mmcnx2 import arguments
from mmcnx2.processes.threads import settle_threads

ROOT = Path(__file__).resolve().parents[2]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'index',
        nargs='?',
        type=arguments.path,
        default=ROOT / 'model-index.yml',
        help='model-index.yml or a metafile.yml (default: %(default)s)',
    )
    parser.add_argument(
        '--models',
        type=arguments.word,
        default='*',
        help="names to check, such as '*-atto_*'",
    )
    parser.add_argument(
        '--cache',
        type=arguments.path,
        help="folder of the downloads (default: torch's own)",
    )
    parser.add_argument(
        '--data-root',
        type=arguments.location,
        help='ImageNet: reproduce the accuracies as well',
    )
    parser.add_argument(
        '--tolerance',
        type=arguments.number(0, 100),
        default=0.1,
        help='percent that an accuracy may lie off (default: %(default)s): other versions of image '
        'libraries resize and decode a little differently',
    )
    args = parser.parse_args()
    return args


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

from mmengine.config import Config
from mmengine.runner import Runner

from mmcnx2.analysis.model_complexity import build_without_memory
from mmcnx2.checkpoints import Recognized, recognize
from mmcnx2.checkpoints.convert import write
from mmcnx2.checkpoints.dialects import MMCNX2
from mmcnx2.checkpoints.downloads import download
from mmcnx2.checkpoints.files import read_checkpoint
from mmcnx2.checkpoints.integrity import sha256_of
from mmcnx2.checkpoints.unwrap import unwrap
from mmcnx2.checkpoints.zoo import PublishedModel, misfits, read_zoo
from mmcnx2.compat import amp_off_without_gpu
from mmcnx2.engine.launch import check_inputs, read_config


def check(model: PublishedModel, args: argparse.Namespace) -> list[str]:
    """Return what is wrong with one published model, nothing if it is as it should be."""
    path = download(model.weights, args.cache)
    found = look_at(path)
    converted, left = write(found, MMCNX2, encoder_prefix='backbone.')
    wrong = []
    if model.config is not None:
        wrong += misfits(
            build_without_memory(Config.fromfile(ROOT / model.config)),
            converted | left,
            parts=('backbone.', 'head.') if model.top1 else ('backbone.',),
        )
    parameters = sum(tensor.numel() for tensor in converted.values())
    if parameters != model.parameters:
        wrong.append(f'{parameters} parameters instead of the {model.parameters} listed')
    if model.copy is not None:
        wrong += differences(found, look_at(download(model.copy, args.cache)))
    if args.data_root and model.config and model.top1 and not wrong:
        top1 = measure(ROOT / model.config, path, args.data_root)
        print(f'      top-1 {top1:.2f} %, listed {model.top1} %', flush=True)
        if abs(top1 - model.top1) > args.tolerance:
            wrong.append(f'top-1 is {top1:.2f} % instead of {model.top1} %')
    return wrong


def look_at(path: Path) -> Recognized:
    """Read a file and print what it is."""
    print(f'      {path.name}: SHA-256 {sha256_of(path)}', flush=True)
    found = recognize(unwrap(read_checkpoint(path)))
    print(f'      {found.dialect.title}: {found.architecture}', flush=True)
    return found


def differences(found: Recognized, copy: Recognized) -> list[str]:
    """Return a sentence for each tensor that a copy has not, or has with other numbers."""
    return [
        f'the copy has another {name}, or none'
        for name, tensor in found.tensors.items()
        if name not in copy.tensors or not copy.tensors[name].equal(tensor)
    ]


def measure(config: Path, checkpoint: Path, data_root: str) -> float:
    """Return the top-1 accuracy in percent."""
    with tempfile.TemporaryDirectory() as work_dir:
        cfg = read_config(str(config), options=dict(data_root=data_root), work_dir=work_dir)
        cfg.model.backbone.pop('init_cfg', None)
        cfg.load_from = str(checkpoint)
        check_inputs(cfg, ('test_dataloader',))
        amp_off_without_gpu(cfg)
        return Runner.from_cfg(cfg).test()['accuracy/top1']


def main(args: argparse.Namespace) -> None:
    try:
        listed = read_zoo(args.index)
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    models = [model for model in listed if fnmatch(model.name, args.models)]
    if not models:
        raise SystemExit(f"error: no model of '{args.index}' has a name like '{args.models}'.")
    failed = []
    for i, model in enumerate(models, start=1):
        print(f'[{i}/{len(models)}] {model.name}', flush=True)
        try:
            wrong = check(model, args)
        except (OSError, ValueError) as error:
            wrong = [str(error)]
        for sentence in wrong[:10]:
            print(f'      WRONG: {sentence}', flush=True)
        failed += [model.name] * bool(wrong)
    print(f'{len(models) - len(failed)} of {len(models)} models are as listed')
    if failed:
        raise SystemExit(f'wrong: {", ".join(failed)}')


if __name__ == '__main__':
    main(ARGS)
