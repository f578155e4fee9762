"""Train every detector on the rendered scenes for the same time of one CPU core, and score it.

The seconds of a training step are measured for all of them in turn, on the processor's clock, which
other programs hardly change; each detector then gets as many epochs as fit. Scores are those of its
last epoch. What was trained is not trained again, so that the table can be had in parts.

Example, for the scenes of tools/dataset_tools/make_scenes.py and an encoder of
configs/demo/fcmae_convnextv2-mini_1xb32-10e_scenes.py:
python tools/benchmarks/detectors.py --from work_dirs/demo/pretraining/epoch_10.pth --minutes 5
"""

import argparse
import time

from mmcnx2 import arguments
from mmcnx2.paths import shipped

CONFIGS = {
    'Mask R-CNN': 'mask-rcnn_convnextv2-mini-fcmae_fpn_1xb8-12e_scenes',
    'Cascade Mask R-CNN': 'cascade-mask-rcnn_convnextv2-mini-fcmae_fpn_1xb8-12e_scenes',
    'RTMDet': 'rtmdet_convnextv2-mini-fcmae_1xb8-12e_scenes',
    'RTMDet-Ins': 'rtmdet-ins_convnextv2-mini-fcmae_1xb8-12e_scenes',
    'DINO': 'dino_convnextv2-mini-fcmae_1xb8-12e_scenes',
    'Mask2Former': 'mask2former_convnextv2-mini-fcmae_1xb8-12e_scenes',
}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--from',
        dest='checkpoint',
        type=arguments.path,
        required=True,
        help='checkpoint of the pre-trained encoder',
    )
    parser.add_argument(
        '--data-root', type=arguments.path, default='data/scenes', help='folder of the scenes'
    )
    parser.add_argument(
        '--out', type=arguments.path, default='work_dirs/detectors', help='folder of the runs'
    )
    parser.add_argument('--minutes', type=arguments.positive, default=5, help='of each training')
    parser.add_argument('--only', nargs='+', choices=CONFIGS, default=list(CONFIGS))
    parser.add_argument('--rounds', type=arguments.rounds, default=3, help='steps of each timed')
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from measure import interleaved_medians
from mmengine.config import Config
from mmengine.runner import Runner
from tables import table

from mmcnx2.analysis.training_log import read_training_log
from mmcnx2.engine.jobs.tool_run import SCORES, run_tool
from mmcnx2.engine.launch import read_config


def main(args: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    loaders, steps = {}, {}
    for name in args.only:
        loaders[name], steps[name] = prepare(name, args)
    seconds = interleaved_medians(
        steps, device='cpu', rounds=args.rounds, warmup=1, clock=time.process_time
    )
    rows = []
    for name in args.only:
        a_step, length = seconds[name], len(loaders[name])
        epochs = max(1, round(60 * args.minutes / (a_step * length)))
        scores = train(name, args, epochs=epochs, steps=epochs * length)
        points = [scores.get(SCORES[each][0]) for each in ('AP box', 'AP mask')]
        shown = ['' if value is None else f'{100 * value:.1f}' for value in points]
        rows.append([name, f'{a_step:.2f}', str(epochs), *shown])
        head = ['detector', 's a step', 'epochs', 'AP box', 'AP mask']
        print('\n' + table(head, rows, texts=1), flush=True)


def configure(name: str, args: argparse.Namespace, **options) -> Config:
    """Read the config of a detector, with the data and the encoder that were given."""
    told = {
        'data_root': str(args.data_root),
        'model.backbone.init_cfg.checkpoint': str(args.checkpoint),
        'train_dataloader.num_workers': 0,
        'train_dataloader.persistent_workers': False,
    }
    return read_config(
        str(shipped(f'configs/demo/{CONFIGS[name]}.py')),
        options=told | options,
        work_dir=str(args.out / CONFIGS[name]),
    )


def prepare(name: str, args: argparse.Namespace) -> tuple[object, Callable[[], object]]:
    """Return a detector's training batches, and what trains it for a step."""
    runner = Runner.from_cfg(configure(name, args))
    loader = runner.build_dataloader(runner._train_dataloader)
    wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    batches = endless(loader)
    runner.model.train()
    return loader, lambda: runner.model.train_step(next(batches), wrapper)


def endless(loader: object) -> Iterator[dict]:
    while True:
        yield from loader


def train(name: str, args: argparse.Namespace, *, epochs: int, steps: int) -> dict[str, float]:
    """Train a detector, unless it was, and return its scores by their names in the log."""
    folder = args.out / f'{CONFIGS[name]}_{epochs}e'
    if not (folder / f'epoch_{epochs}.pth').is_file():
        cfg = configure(
            name,
            args,
            **{
                'train_cfg.max_epochs': epochs,
                'train_cfg.val_interval': epochs,
                'default_hooks.checkpoint.interval': epochs,
                'param_scheduler.0.end': max(1, math.ceil(steps / 10)),
            },
        )
        cfg.dump(args.out / f'{folder.name}.py')
        command = [str(shipped('tools/train.py')), str(args.out / f'{folder.name}.py')]
        run_tool(
            [*command, '--work-dir', str(folder), '--no-data-check'],
            log=Path(f'{folder}.log'),
            label=f'{name}: ',
            threads=1,
        )
    return read_training_log(folder).scores


if __name__ == '__main__':
    main(ARGS)
