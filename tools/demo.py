"""Run the main job on a few pictures: pre-train, fine-tune with and without it, make a page of it.

Then the same encoder in Mask R-CNN and UPerNet. The page is there after the pre-training, and
grows. Finished parts are reused, so a run that was stopped goes on where it was; --fresh starts
over.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from mmcnx2 import arguments
from mmcnx2.outputs import check_folder, claim_folder, is_occupied, move_aside
from mmcnx2.processes.threads import own_cores, settle_threads

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / 'configs/demo'
PRETRAINING = 'fcmae_convnextv2-mini_1xb32-18e_scenes'
FROM_SCRATCH = 'convnextv2-mini_1xb15-50e_scenes'
FROM_CHECKPOINT = 'convnextv2-mini_fcmae-pre_1xb15-50e_scenes'

# Minutes on two idle cores of a server, and what --smoke makes of the sizes.
ABOUT = dict(scenes=0.5, pretraining=4.0, finetuning=4.5, transfer=2.5)
AT_ONCE = 4  # parts, where there are as many cores
SMOKE_SCENES = dict(unlabelled=16, train=10, val=10)
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
    parser.add_argument(
        '--no-transfer', action='store_true', help='stop before Mask R-CNN and UPerNet'
    )
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

from demo.report import DemoRuns, clock, count_of, write_report
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
        'upernet_convnextv2-mini-fcmae_1xb8-350i_scenes-96x96',
        'upernet_convnextv2-mini_1xb8-350i_scenes-96x96',
    ),
)


class Demo:
    """Does the parts of the job that are not done yet, and says how long the rest will take."""

    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.times, self._seconds = {}, {}
        self._started = time.perf_counter()
        self._number, self._minutes_left = 0, sum(ABOUT.values())
        # Small networks gain little from a second core; a second run does.
        at_once = min(own_cores(), AT_ONCE)
        self._runner = PartRunner(args.work_dir, threads=own_cores() // at_once)
        self._pool = ThreadPoolExecutor(at_once)

    def __enter__(self) -> 'Demo':
        return self

    def __exit__(self, *_) -> None:
        self._pool.shutdown(cancel_futures=True)

    def announce(self, step: str, title: str) -> None:
        """Say what comes next.

        Args:
            step: Of :data:`ABOUT`.
            title: Title of the step.
        """
        self._number += 1
        left, self._minutes_left = self._minutes_left, self._minutes_left - ABOUT[step]
        told = '' if self.args.smoke else f' about {left:.0f} min to the end on two idle cores'
        print(f'[{self._number}/{len(ABOUT)}] {title} ...{told}', flush=True)

    def start(self, parts: Sequence[Part]) -> list[Future[Path]]:
        """Queue parts, of which as many are done at a time as there are cores.

        Args:
            parts: Those with a finished run of the same key are reused.
        """
        return [self._pool.submit(self._do, part) for part in parts]

    def _do(self, part: Part) -> Path:
        if self._runner.is_done(part):
            print(f'      {part.name}: done before, reused', flush=True)
        folder = self._runner.do(part, label=f'{part.name}: ')
        self._seconds[folder] = self._runner.seconds(part)
        return folder

    def wait(self, title: str, runs: Sequence[Future[Path]]) -> list[Path]:
        """Wait for parts, and return their folders.

        Args:
            title: For the reader of the page.
            runs: What :meth:`start` returned.
        """
        folders = [run.result() for run in runs]
        self.times[title] = sum(self._seconds[folder] for folder in folders)
        return folders

    def write_page(self, runs: DemoRuns) -> Path:
        """Write the page as far as it goes."""
        took = time.perf_counter() - self._started
        page = write_report(self.args.work_dir, runs, took=took, smoke=self.args.smoke)
        print(f'      {page} after {clock(took)} min', flush=True)
        return page

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
        self.wait('rendering the pictures', self.start([part]))
        key = meta.read_text()
        self._runner.rename(part, key)
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
    with Demo(args) as demo:
        show(demo, args)


def show(demo: Demo, args: argparse.Namespace) -> None:
    """Train everything, and write the page three times."""
    demo.announce('scenes', 'rendering the pictures')
    data = demo.scenes()
    demo.announce('pretraining', 'pre-training without labels; training from scratch beside it')
    before = demo.training('pretraining', PRETRAINING, data, seed=0)
    seeds = range(args.seeds)
    scratch = [demo.training(f'seed{seed}-scratch', FROM_SCRATCH, data, seed) for seed in seeds]
    pretraining, *scratch = demo.start([before, *scratch])
    (folder,) = demo.wait('pre-training', [pretraining])

    def from_checkpoint(name: str, config: str, seed: int) -> Training:
        checkpoint = (folder / 'last_checkpoint').read_text().strip()
        options = {'model.backbone.init_cfg.checkpoint': checkpoint}
        return demo.training(f'{name}-pretrained', config, before.key, seed, **options)

    demo.announce('finetuning', 'fine-tuning from the checkpoint')
    pretrained = demo.start(
        [from_checkpoint(f'seed{seed}', FROM_CHECKPOINT, seed) for seed in seeds]
    )
    pairs = [
        demo.start([
            from_checkpoint(transfer.name, pretrained_config, seed=0),
            demo.training(f'{transfer.name}-scratch', scratch_config, data, seed=0),
        ])
        for transfer, pretrained_config, scratch_config in TRANSFERS
        if not args.no_transfer
    ]  # fmt: skip
    # The cores go on while pages are written.
    runs = DemoRuns(scenes=args.data_root, pretraining=folder, times=demo.times)
    demo.write_page(runs)
    runs.scratch = demo.wait(f'training from scratch, {count_of(args.seeds, "run")}', scratch)
    runs.pretrained = demo.wait(
        f'fine-tuning from the checkpoint, {count_of(args.seeds, "run")}', pretrained
    )
    page = demo.write_page(runs)
    if pairs:
        demo.announce('transfer', 'Mask R-CNN and UPerNet, from the checkpoint and from scratch')
    for (transfer, *_), pair in zip(TRANSFERS, pairs, strict=False):
        runs.transfers.append((transfer, *demo.wait(f'{transfer.title}, 2 runs', pair)))
    if pairs:
        page = demo.write_page(runs)
    print(f'Done: open {page}')


if __name__ == '__main__':
    try:
        main(ARGS)
    except (OSError, RuntimeError) as error:
        sys.exit(f'error: {error}')
    except KeyboardInterrupt:
        sys.exit('\nStopped: the same command goes on from here.')
