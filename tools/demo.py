"""Run the main job on a few pictures: pre-train, fine-tune with and without it, make a page of it.

Finished parts are reused, so a run that was stopped goes on where it was; --fresh starts over.
"""

import argparse
import json
import shutil
import sys
import time
from pathlib import Path

from mmengine.config import Config

from mmcnx2.analysis.demo_report import write_report
from mmcnx2.engine.tool_run import run_tool

ROOT = Path(__file__).resolve().parents[1]
PRETRAINING = ROOT / 'configs/demo/fcmae_convnextv2-mini_1xb32-10e_scenes.py'
FROM_SCRATCH = ROOT / 'configs/demo/convnextv2-mini_1xb15-24e_scenes.py'
FROM_CHECKPOINT = ROOT / 'configs/demo/convnextv2-mini_fcmae-pre_1xb15-24e_scenes.py'

# Minutes on two cores of a server, and what --smoke makes of the sizes.
ABOUT = dict(scenes=0.6, pretraining=4.0, finetuning=0.9)
SMOKE_SCENES = dict(unlabelled=24, train=20, val=20)
SMOKE_OPTIONS = dict(max_epochs=1, batch_size=8)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/demo'))
    parser.add_argument('--data-root', type=Path, help='default: data/scenes; made if not there')
    parser.add_argument('--seeds', type=int, default=3, help='fine-tuning runs an arm')
    parser.add_argument('--fresh', action='store_true', help='train everything again')
    parser.add_argument('--smoke', action='store_true', help='tiny sizes: does it run at all?')
    args = parser.parse_args()
    if args.seeds < 1:
        parser.error(f'--seeds is {args.seeds}, but at least one run an arm is needed.')
    if args.smoke:
        args.work_dir = args.work_dir / 'smoke'  # never mistaken for a real run's parts
    args.data_root = args.data_root or (
        args.work_dir / 'data' if args.smoke else Path('data/scenes')
    )
    return args


class Demo:
    """The parts of the job, each done once and remembered in ``<part>/done.json``."""

    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.count = 2 * args.seeds + 3
        self.number = 0
        self.minutes_left = (
            ABOUT['scenes'] + ABOUT['pretraining'] + 2 * args.seeds * ABOUT['finetuning']
        )

    def part(self, name: str, title: str, minutes: float, command: list[str], key: str) -> Path:
        """Run one part unless it is finished, and return its folder.

        Args:
            name: Of its folder below the work folder.
            title: For the reader of the terminal.
            minutes: Expected on two cores.
            command: A tool and its arguments.
            key: What the part was made from; another key has it done again.
        """
        folder = self.args.work_dir / name
        done = folder / 'done.json'
        self.number += 1
        left, self.minutes_left = self.minutes_left, self.minutes_left - minutes
        heading = f'[{self.number}/{self.count}] {title}'
        if done.is_file() and json.loads(done.read_text())['key'] == key:
            print(f'{heading}: done before, reused', flush=True)
            return folder
        time_needed = f'{minutes:.0f} min' if minutes >= 1 else f'{60 * minutes:.0f} s'
        about = f' about {time_needed}, {left:.0f} min to the end on two idle cores'
        print(f'{heading} ...{"" if self.args.smoke else about}', flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        seconds = run_tool(command, log=folder / 'output.txt')
        done.write_text(json.dumps(dict(key=key, seconds=seconds)))
        return folder

    def scenes(self) -> str:
        """Render the pictures; returns the key of the data."""
        sizes = SMOKE_SCENES if self.args.smoke else {}
        options = [f'--{name}={value}' for name, value in sizes.items()]
        tool = str(ROOT / 'tools/dataset_tools/make_scenes.py')
        command = [tool, '--out', str(self.args.data_root), *options]
        meta = self.args.data_root / 'meta.json'
        # The tool knows whether its folder is complete; what it holds decides what follows.
        key = meta.read_text() if meta.is_file() else 'missing'
        self.part('scenes', 'rendering pictures', ABOUT['scenes'], command, key)
        key = meta.read_text()
        done = self.args.work_dir / 'scenes' / 'done.json'
        done.write_text(json.dumps({**json.loads(done.read_text()), 'key': key}))
        return key

    def train(self, name: str, title: str, minutes: float, config: Path, key: str, **options):
        """Train with tools/train.py; returns the part's folder and its key."""
        options = dict(data_root=str(self.args.data_root), **options)
        if self.args.smoke:
            options['train_cfg.max_epochs'] = SMOKE_OPTIONS['max_epochs']
            options['train_dataloader.batch_size'] = SMOKE_OPTIONS['batch_size']
            options['train_dataloader.num_workers'] = 0
            options['default_hooks.logger.interval'] = 1
            if config != PRETRAINING:
                options['val_dataloader.num_workers'] = 0
        pairs = [f'{option}={value}' for option, value in options.items()]
        command = [str(ROOT / 'tools/train.py'), str(config)]
        command += ['--work-dir', str(self.args.work_dir / name), '--cfg-options', *pairs]
        key = '\n'.join([key, Config.fromfile(config).pretty_text, *pairs])
        return self.part(name, title, minutes, command, key), key


def main() -> None:
    args = parse_args()
    if args.fresh:
        shutil.rmtree(args.work_dir, ignore_errors=True)
    demo = Demo(args)
    start = time.perf_counter()
    data = demo.scenes()
    pretraining, weights = demo.train(
        'pretraining', 'pre-training without labels', ABOUT['pretraining'], PRETRAINING, data,
        **{'randomness.seed': 0},
    )
    checkpoint = (pretraining / 'last_checkpoint').read_text().strip()
    arms = dict(pretrained=[], scratch=[])
    for seed in range(args.seeds):
        shared = {'randomness.seed': seed}
        for arm, config, key, title, more in (
            ('pretrained', FROM_CHECKPOINT, weights, 'from the checkpoint',
             {'model.backbone.init_cfg.checkpoint': checkpoint}),
            ('scratch', FROM_SCRATCH, data, 'from scratch', {}),
        ):
            folder, _ = demo.train(
                f'{arm}-seed{seed}', f'fine-tuning {title}, seed {seed}', ABOUT['finetuning'],
                config, key, **shared, **more,
            )
            arms[arm].append(folder)
    print(f'[{demo.count}/{demo.count}] the page', flush=True)
    page = write_report(
        args.work_dir, scenes=args.data_root, pretraining=pretraining, checkpoint=checkpoint,
        **arms, smoke=args.smoke,
    )
    print(f'Done in {(time.perf_counter() - start) / 60:.1f} min: open {page}')


if __name__ == '__main__':
    sys.exit(main())
