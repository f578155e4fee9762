"""Run the main job on a few pictures: pre-train, fine-tune with and without it, make a page of it.

Finished parts are reused, so a run that was stopped goes on where it was; --fresh starts over.
"""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

from mmcnx2.analysis.demo_report import write_report
from mmcnx2.engine.tool_run import run_tool

ROOT = Path(__file__).resolve().parents[1]
PRETRAINING = ROOT / 'configs/demo/fcmae_convnextv2-mini_1xb32-10e_scenes.py'
FROM_SCRATCH = ROOT / 'configs/demo/convnextv2-mini_1xb15-13e_scenes.py'
FROM_CHECKPOINT = ROOT / 'configs/demo/convnextv2-mini_fcmae-pre_1xb15-13e_scenes.py'

# Minutes on two idle cores of a server, and what --smoke makes of the sizes.
ABOUT = dict(scenes=0.6, pretraining=5.5, finetuning=1.7)
SMOKE_SCENES = dict(unlabelled=24, train=20, val=20)
SMOKE_OPTIONS = {
    'train_cfg.max_epochs': 1,
    'train_dataloader.batch_size': 8,
    'default_hooks.logger.interval': 1,
}


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


@dataclass(frozen=True)
class Part:
    """One command, done once.

    Attributes:
        name: Of its folder below the work folder, and of its lines in the terminal.
        command: A tool and its arguments.
        key: What the part is made from; another key has it done again.
    """

    name: str
    command: list[str]
    key: str


class Demo:
    """Does the parts of the job that are not done yet; ``<part>/done.json`` remembers."""

    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.count, self.number = args.seeds + 3, 0
        self.minutes_left = ABOUT['scenes'] + ABOUT['pretraining']
        self.minutes_left += args.seeds * ABOUT['finetuning']

    def do(self, title: str, minutes: float, parts: Sequence[Part]) -> list[Path]:
        """Do the parts at the same time and return their folders.

        Args:
            title: For the reader of the terminal.
            minutes: Expected on two idle cores.
            parts: Those with a finished run of the same key are reused.
        """
        self.number += 1
        left, self.minutes_left = self.minutes_left, self.minutes_left - minutes
        wanted = [part for part in parts if not self._is_done(part)]
        if not wanted:
            state = ': done before, reused'
        elif self.args.smoke:
            state = ' ...'
        else:
            state = f' ... {minutes:.1f} of about {left:.0f} min to the end on two idle cores'
        print(f'[{self.number}/{self.count}] {title}{state}', flush=True)
        # Small networks gain nothing from a second core; a second run does.
        threads = max(1, (os.cpu_count() or 1) // max(1, len(wanted)))
        with ThreadPoolExecutor(max(1, len(wanted))) as pool:
            list(pool.map(lambda part: self._run(part, threads, len(wanted) > 1), wanted))
        return [self.args.work_dir / part.name for part in parts]

    def _is_done(self, part: Part) -> bool:
        done = self.args.work_dir / part.name / 'done.json'
        return done.is_file() and json.loads(done.read_text())['key'] == part.key

    def _run(self, part: Part, threads: int, labelled: bool) -> None:
        folder = self.args.work_dir / part.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        label = f'{part.name}: ' if labelled else ''
        seconds = run_tool(part.command, log=folder / 'output.txt', label=label, threads=threads)
        (folder / 'done.json').write_text(json.dumps(dict(key=part.key, seconds=seconds)))

    def scenes(self) -> str:
        """Render the pictures; returns the key of the data."""
        sizes = SMOKE_SCENES if self.args.smoke else {}
        options = [f'--{name}={value}' for name, value in sizes.items()]
        tool = str(ROOT / 'tools/dataset_tools/make_scenes.py')
        command = [tool, '--out', str(self.args.data_root), *options]
        meta = self.args.data_root / 'meta.json'
        # The tool knows whether its folder is complete; what it holds decides what follows.
        key = meta.read_text() if meta.is_file() else 'missing'
        (folder,) = self.do('rendering pictures', ABOUT['scenes'], [Part('scenes', command, key)])
        done = folder / 'done.json'
        done.write_text(json.dumps({**json.loads(done.read_text()), 'key': meta.read_text()}))
        return meta.read_text()

    def training(self, name: str, config: Path, key: str, seed: int, **options) -> Part:
        """Return a part that is a run of tools/train.py."""
        options = {'data_root': str(self.args.data_root), 'randomness.seed': seed, **options}
        if self.args.smoke:
            loaders = ('train',) if config == PRETRAINING else ('train', 'val')
            options |= SMOKE_OPTIONS | {f'{name}_dataloader.num_workers': 0 for name in loaders}
        pairs = [f'{option}={value}' for option, value in options.items()]
        command = [str(ROOT / 'tools/train.py'), str(config)]
        command += ['--work-dir', str(self.args.work_dir / name), '--cfg-options', *pairs]
        return Part(name, command, '\n'.join([key, Config.fromfile(config).pretty_text, *pairs]))


def main() -> None:
    args = parse_args()
    if args.fresh:
        shutil.rmtree(args.work_dir, ignore_errors=True)
    demo = Demo(args)
    start = time.perf_counter()
    data = demo.scenes()
    part = demo.training('pretraining', PRETRAINING, data, seed=0)
    (pretraining,) = demo.do('pre-training without labels', ABOUT['pretraining'], [part])
    checkpoint = (pretraining / 'last_checkpoint').read_text().strip()
    start_here = {'model.backbone.init_cfg.checkpoint': checkpoint}
    pretrained, scratch = [], []
    for seed in range(args.seeds):
        arms = [
            demo.training(
                f'pretrained-seed{seed}', FROM_CHECKPOINT, part.key, seed, **start_here
            ),
            demo.training(f'scratch-seed{seed}', FROM_SCRATCH, data, seed),
        ]
        title = f'fine-tuning from the checkpoint and from scratch, seed {seed}'
        for folders, folder in zip(
            (pretrained, scratch), demo.do(title, ABOUT['finetuning'], arms), strict=True
        ):
            folders.append(folder)
    print(f'[{demo.count}/{demo.count}] the page', flush=True)
    page = write_report(
        args.work_dir, scenes=args.data_root, pretraining=pretraining, checkpoint=checkpoint,
        pretrained=pretrained, scratch=scratch, smoke=args.smoke,
    )
    print(f'Done in {(time.perf_counter() - start) / 60:.1f} min: open {page}')


if __name__ == '__main__':
    sys.exit(main())
