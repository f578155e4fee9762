"""Run the main job on a few pictures: pre-train, fine-tune with and without it, make a page of it.

Then the same encoder in Mask R-CNN and UPerNet, and what GRN does to its features. The page is
there after the first half and grows. Finished parts are reused, so a run that was stopped goes on
where it was; --fresh starts over.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from mmcnx2 import arguments
from mmcnx2.outputs import check_folder, claim_folder, is_occupied, move_aside
from mmcnx2.processes.threads import own_cores, settle_threads

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / 'configs/demo'
PRETRAINING = 'fcmae_convnextv2-mini_1xb32-10e_scenes'
WITHOUT_GRN = 'fcmae_convnext-mini_1xb32-10e_scenes'
FROM_SCRATCH = 'convnextv2-mini_1xb15-13e_scenes'
FROM_CHECKPOINT = 'convnextv2-mini_fcmae-pre_1xb15-13e_scenes'

# Minutes on two idle cores of a server, and what --smoke makes of the sizes.
ABOUT = dict(scenes=0.6, pretraining=5.5, finetuning=1.7, mask_rcnn=5.5, upernet=3.5)
SMOKE_SCENES = dict(unlabelled=24, train=20, val=20)
SMOKE_OPTIONS = {'train_dataloader.batch_size': 8, 'default_hooks.logger.interval': 1}
SMOKE_LOOPS = {
    'EpochBasedTrainLoop': {'train_cfg.max_epochs': 1, 'train_cfg.val_interval': 1},
    'IterBasedTrainLoop': {
        'train_cfg.max_iters': 2,
        'train_cfg.val_interval': 2,
        'default_hooks.checkpoint.interval': 2,
    },
}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--work-dir', type=arguments.path, default='work_dirs/demo')
    parser.add_argument(
        '--data-root', type=arguments.path, help='default: data/scenes; made if not there'
    )
    parser.add_argument(
        '--seeds', type=arguments.whole(1, 1000), default=3, help='fine-tuning runs an arm'
    )
    parser.add_argument('--no-transfer', action='store_true', help='stop after the first half')
    parser.add_argument(
        '--fresh',
        action='store_true',
        help='keep what there is under another name, and train everything again',
    )
    parser.add_argument('--smoke', action='store_true', help='tiny sizes: does it run at all?')
    args = parser.parse_args()
    if args.smoke:
        args.work_dir = args.work_dir / 'smoke'  # never mistaken for a real run's parts
    args.data_root = args.data_root or (
        args.work_dir / 'data' if args.smoke else Path('data/scenes')
    )
    return args


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

from demo.report import DemoRuns, write_report
from demo.transfer import MASK_RCNN, UPERNET
from mmengine.config import Config

from mmcnx2.engine.jobs.parts import Part, PartRunner
from mmcnx2.engine.jobs.training import Training, plan_training

TRANSFERS = (
    (
        MASK_RCNN,
        'mask-rcnn_convnextv2-mini-fcmae_fpn_1xb8-12e_scenes',
        'mask-rcnn_convnextv2-mini_fpn_1xb8-12e_scenes',
    ),
    (
        UPERNET,
        'upernet_convnextv2-mini-fcmae_1xb8-350i_scenes-128x128',
        'upernet_convnextv2-mini_1xb8-350i_scenes-128x128',
    ),
)


class Demo:
    """Does the parts of the job that are not done yet, and says how long the rest will take."""

    def __init__(self, args: argparse.Namespace):
        self.args = args
        plan = [ABOUT['scenes'], ABOUT['pretraining'], *[ABOUT['finetuning']] * args.seeds, 0]
        if not args.no_transfer:
            plan += [*(ABOUT[transfer.name] for transfer, *_ in TRANSFERS), ABOUT['pretraining'], 0]
        self.count, self.number, self.minutes_left = len(plan), 0, sum(plan)
        self.times = {}

    def announce(self, title: str, minutes: float = 0, *, done: bool = False) -> None:
        """Say what comes next.

        Args:
            title: Title of the step.
            minutes: Expected on two idle cores.
            done: It was done before.
        """
        self.number += 1
        left, self.minutes_left = self.minutes_left, self.minutes_left - minutes
        if done:
            state = ': done before, reused'
        elif self.args.smoke or not minutes:
            state = ' ...'
        else:
            state = f' ... {minutes:.1f} of about {left:.0f} min to the end on two idle cores'
        print(f'[{self.number}/{self.count}] {title}{state}', flush=True)

    def do(self, title: str, minutes: float, parts: Sequence[Part]) -> list[Path]:
        """Do the parts at the same time and return their folders.

        Args:
            title: For the reader of the terminal and of the page.
            minutes: Expected on two idle cores.
            parts: Those with a finished run of the same key are reused.
        """
        runner = PartRunner(self.args.work_dir)
        wanted = [part for part in parts if not runner.is_done(part)]
        self.announce(title, minutes, done=not wanted)
        # Small networks gain nothing from a second core; a second run does.
        cores = own_cores()
        runner = replace(runner, threads=max(1, cores // max(1, len(wanted))))
        label = '{}: ' if len(wanted) > 1 else ''
        with ThreadPoolExecutor(len(parts)) as pool:
            folders = list(
                pool.map(lambda part: runner.do(part, label=label.format(part.name)), parts)
            )
        self.times[title] = max(runner.seconds(part) for part in parts)
        return folders

    def scenes(self) -> str:
        """Render the pictures; returns the key of the data."""
        sizes = SMOKE_SCENES if self.args.smoke else {}
        options = [f'--{name}={value}' for name, value in sizes.items()]
        tool = str(ROOT / 'tools/dataset_tools/make_scenes.py')
        command = [tool, '--out', str(self.args.data_root), *options]
        meta = self.args.data_root / 'meta.json'
        # The tool knows whether its folder is complete; what it holds decides what follows.
        key = meta.read_text() if meta.is_file() else 'missing'
        part = Part('scenes', command, key)
        self.do('rendering the pictures', ABOUT['scenes'], [part])
        key = meta.read_text()
        PartRunner(self.args.work_dir).rename(part, key)
        return key

    def training(self, name: str, config: str, key: str, seed: int, **options) -> Training:
        """Return a part that is a run of tools/train.py."""
        path = CONFIGS / f'{config}.py'
        cfg = Config.fromfile(path)
        options = {'data_root': str(self.args.data_root), 'randomness.seed': seed, **options}
        if self.args.smoke:
            loaders = [loader for loader in ('train', 'val') if cfg.get(f'{loader}_dataloader')]
            options |= SMOKE_OPTIONS | SMOKE_LOOPS[cfg.train_cfg.type]
            options |= {f'{loader}_dataloader.num_workers': 0 for loader in loaders}
            options |= {f'{loader}_dataloader.persistent_workers': False for loader in loaders}
        pairs = [f'{option}={value}' for option, value in options.items()]
        return plan_training(
            name,
            '\n'.join([key, cfg.pretty_text, *pairs]),
            tool=ROOT / 'tools/train.py',
            config=path,
            job=self.args.work_dir,
            options=pairs,
        )


def main(args: argparse.Namespace) -> None:
    check_folder(args.work_dir, 'demo')
    if args.fresh and is_occupied(args.work_dir):
        move_aside(args.work_dir)
    claim_folder(args.work_dir, 'demo')
    demo = Demo(args)
    start = time.perf_counter()
    data = demo.scenes()
    part = demo.training('pretraining', PRETRAINING, data, seed=0)
    (pretraining,) = demo.do('pre-training without labels', ABOUT['pretraining'], [part])
    checkpoint = (pretraining / 'last_checkpoint').read_text().strip()
    start_here = {'model.backbone.init_cfg.checkpoint': checkpoint}

    def pair(name: str, from_checkpoint: str, from_scratch: str, seed: int) -> list[Part]:
        return [
            demo.training(f'{name}-pretrained', from_checkpoint, part.key, seed, **start_here),
            demo.training(f'{name}-scratch', from_scratch, data, seed),
        ]

    pairs = []
    for seed in range(args.seeds):
        parts = pair(f'seed{seed}', FROM_CHECKPOINT, FROM_SCRATCH, seed)
        title = f'fine-tuning from the checkpoint and from scratch, seed {seed}'
        pairs.append(demo.do(title, ABOUT['finetuning'], parts))
    pretrained, scratch = zip(*pairs, strict=True)
    runs = DemoRuns(
        scenes=args.data_root, pretraining=pretraining, pretrained=pretrained, scratch=scratch,
        times=demo.times,
    )  # fmt: skip
    demo.announce('the page')
    page = write_report(args.work_dir, runs, smoke=args.smoke)
    if not args.no_transfer:
        print(f'      the first half is in {page}', flush=True)
        for transfer, *configs in TRANSFERS:
            parts = pair(transfer.name, *configs, seed=0)
            title = f'{transfer.title}, from the checkpoint and from scratch'
            folders = demo.do(title, ABOUT[transfer.name], parts)
            runs.transfers.append((transfer, *folders))
        part = demo.training('pretraining-v1', WITHOUT_GRN, data, seed=0)
        (runs.without_grn,) = demo.do('pre-training V1, without GRN', ABOUT['pretraining'], [part])
        demo.announce('the whole page')
        page = write_report(args.work_dir, runs, smoke=args.smoke)
    print(f'Done in {(time.perf_counter() - start) / 60:.1f} min: open {page}')


if __name__ == '__main__':
    try:
        main(ARGS)
    except (OSError, RuntimeError) as error:
        sys.exit(f'error: {error}')
    except KeyboardInterrupt:
        sys.exit('\nStopped: the same command goes on from here.')
