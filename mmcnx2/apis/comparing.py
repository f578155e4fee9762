"""The parts of a comparison: each arm at each share of the labels with each seed, done once.

A part is a run of a command, in a folder of its own; arms differ in nothing but the weights that
they start from. What is done is remembered, so that the same command goes on.
"""

import contextlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from mmcnx2.analysis.gain import as_percent
from mmcnx2.analysis.training_log import read_training_log
from mmcnx2.apis.arms import Arm, common_backbone, find_arm, name_arms
from mmcnx2.apis.calls import CallError
from mmcnx2.apis.changes import FREE
from mmcnx2.apis.recipes.classification import Classification
from mmcnx2.apis.recipes.detection import Detection
from mmcnx2.apis.recipes.segmentation import Segmentation
from mmcnx2.apis.run import Run
from mmcnx2.apis.training import command_line, compose, loading_settings
from mmcnx2.apis.training_options import TrainingOptions
from mmcnx2.checks import check_choice
from mmcnx2.counted import counted
from mmcnx2.engine.hooks.progress_hook import warnings_alone
from mmcnx2.engine.jobs.parts import Part, PartRunner
from mmcnx2.engine.jobs.tool_run import SCORES
from mmcnx2.outputs import check_folder, claim_folder, mark_folder, write_text

RECIPES = dict(
    finetune=Classification, probe=Classification, detect=Detection, segment=Segmentation
)
MADE_BY, NOTE, SCORE = 'compare', 'comparison.json', 'score.json'


@dataclass(frozen=True)
class Trial:
    """An arm at a share of the labels with a seed.

    Attributes:
        arm: The arm.
        share: Of the labels.
        seed: Of the labels that are drawn, and of training.
        run: Where it is trained, or probed.
        part: What remembers that it is done.
    """

    arm: Arm
    share: float
    seed: int
    run: Run
    part: Part

    @property
    def title(self) -> str:
        """What it is called in the terminal."""
        return f'{self.arm.name}, {as_percent(self.share)} of the labels, seed {self.seed}'


@dataclass(frozen=True)
class Comparison:
    """What is compared, and how.

    Attributes:
        images: Folder of the data, as the command of the task takes it.
        task: Of :data:`RECIPES`.
        labels: Shares of the labels, ascending.
        seeds: Their number.
        val: As the command of the task takes it.
        options: For all trainings alike; ``out`` is the folder of the comparison.
    """

    images: str
    task: str
    labels: Sequence[float]
    seeds: int
    val: str | None
    options: TrainingOptions

    def find_arms(self, words: Sequence[str]) -> list[Arm]:
        """Find the weights of the arms: those that the comparison began with, if it has begun.

        Raises:
            OSError: They are not there, or the folder holds something else.
            ValueError: Fewer than two arms, two of one name, or weights that have changed.
        """
        check_choice(tuple(RECIPES), task=self.task)
        check_folder(self.options.out, MADE_BY)
        before = self._read_note()
        if before and before['task'] != self.task:
            raise CallError(
                'task',
                f"is {self.task}, but '{self.options.out}' holds a comparison by "
                f'{before["task"]}: give another --out.',
            )
        return [
            find_arm(name, word, before.get('arms', {}).get(name))
            for name, word in name_arms(words).items()
        ]

    def plan(self, arms: Sequence[Arm]) -> list[Trial]:
        """Write the config of every part, and return the parts in the order in which to do them.

        A seed is finished at every share before the next one begins. Nothing is trained, but all
        that can be refused is.

        Raises:
            OSError: The data cannot be read, or the folder not be written to.
            ValueError: Arms of different networks, or an option that does not fit.
        """
        backbone, model = common_backbone(arms), self.options.model
        if model is not None and backbone is not None and backbone['arch'] != model:
            raise CallError(
                'model', f'is {model}, but the weights are of {backbone["arch"]}: leave it out.'
            )
        trials = []
        for seed, share, arm in product(range(self.seeds), self.labels, arms):
            trials.append(self._trial(arm, share, seed, backbone))
            # Behind the first one, which would have refused data that cannot be used.
            mark_folder(self.options.out, MADE_BY)
        self.runner.check(trial.part for trial in trials)
        self._write_note(arms)
        return trials

    def score(self, trial: Trial) -> float:
        """Do a part unless it is done, and return its score in percent.

        Raises:
            RuntimeError: The training failed; the end of its output is in the message.
            SystemExit: It was told to go, which is no failure.
        """
        folder = Path(self.runner.folder, trial.part.name)
        if self.task != 'probe':
            self.runner.do(trial.part, label=f'{trial.arm.name}: ')
            key, factor = SCORES[self.metric(trial)]
            return factor * read_training_log(trial.run.folder).scores[key]
        if not self.runner.is_done(trial.part):
            from mmcnx2.analysis.probing import probe_encoder

            with _quiet():
                found = probe_encoder(
                    trial.run.config,
                    trial.arm.path,
                    seed=trial.seed,
                    settings=loading_settings(trial.run),
                )
            claim_folder(folder, 'part')
            write_text(folder / SCORE, json.dumps(found.top1))
            self.runner.adopt(trial.part)
        return json.loads((folder / SCORE).read_text())

    def metric(self, trial: Trial) -> str:
        """Return what people call the score, of :data:`SCORES`."""
        if self.task == 'detect':
            return 'AP mask' if trial.run.arguments['masks'] else 'AP box'
        return 'mIoU' if self.task == 'segment' else 'top-1'

    @property
    def runner(self) -> PartRunner:
        """What does the parts."""
        return PartRunner(Path(self.options.out, 'parts'))

    def describe(self, trials: Sequence[Trial]) -> Iterator[tuple[str, str]]:
        """Yield what all arms have in common, and what they differ in: by name, in words."""
        first: dict[float, Trial] = {}
        for trial in trials:
            first.setdefault(trial.share, trial)
        yield 'data', f'`{self.images}`, {trials[0].run.arguments["size"]} px'
        for share, trial in first.items():
            told = trial.run.arguments
            length = (
                f', {counted(told["epochs"], "epoch")}, {told["batch_size"]} a step, '
                f'rate {told["lr"]:.3g}'
            )
            images = counted(told['training_images'], 'image')
            yield (
                f'{as_percent(share)} of the labels',
                f'{images}{"" if self.task == "probe" else length}',
            )
        for arm in dict.fromkeys(trial.arm for trial in trials):
            where = f'`{arm.path}`, SHA-256 {arm.digest[:12]}' if arm.path else 'drawn by the seed'
            yield f'weights of {arm.name}', where

    def _trial(
        self, arm: Arm, share: float, seed: int, backbone: Mapping[str, Any] | None
    ) -> Trial:
        name = f'{arm.name}-{100 * share:.6g}pct-seed{seed}'
        options = replace(
            self.options,
            out=os.path.join(self.options.out, 'runs', name),
            from_=arm.path,
            seed=seed,
        )
        recipe = RECIPES[self.task](self.images, val=self.val, labels=share, backbone=backbone)
        with _quiet():  # the page says it once
            run = compose(recipe, options)
        told = {k: v for k, v in run.arguments.items() if k not in (*FREE, 'from_')}
        key = json.dumps(dict(weights=arm.digest, task=self.task, arguments=told), sort_keys=True)
        part = Part(name, command_line(run), key, resumes=True)
        return Trial(arm, share, seed, run, part)

    def _read_note(self) -> dict[str, Any]:
        note = Path(self.options.out, NOTE)
        return json.loads(note.read_text(encoding='utf-8')) if note.is_file() else {}

    def _write_note(self, arms: Sequence[Arm]) -> None:
        folder = Path(self.options.out)
        known = self._read_note().get('arms', {}) | {arm.name: vars(arm) for arm in arms}
        note = dict(task=self.task, images=os.path.abspath(self.images), arms=known)
        write_text(folder / NOTE, json.dumps(note, indent=2) + '\n')


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let warnings and errors alone be said."""
    with warnings_alone(), contextlib.redirect_stdout(io.StringIO()):
        yield
