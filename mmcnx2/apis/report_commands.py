"""The commands to go on with, from what a report says of a run."""

import shlex
from collections.abc import Sequence
from typing import Any

from mmcnx2.analysis.report.verdict import Finding
from mmcnx2.apis.run import Run

_SAID = ('from_', 'model', 'size', 'batch_size', 'epochs', 'lr', 'mask_ratio', 'val', 'seed')


def commands_of(run: Run, findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """Return what each command is for, and the command, the most urgent first.

    Args:
        run: The run.
        findings: What the report says of it.
    """
    folder, images = shlex.quote(run.folder), shlex.quote(str(run.arguments['images']))
    slower, epochs = run.arguments['lr'] / 3, run.arguments['epochs']
    watch = {'default_hooks.diversity.type': 'mmcnx2.FeatureDiversityHook'}
    by_kind = {
        'collapsed': (
            'Begin anew with a lower rate, and watch the features while it trains',
            _anew(run, lr=slower, set=watch),
        ),
        'too short': (
            'Train longer',
            f'mmcnx2 {run.command} {images} --out {folder} --epochs {10 * epochs}',
        ),
        'not learning': ('Begin anew with a lower rate', _anew(run, lr=slower)),
        'over-fitted': (
            'Train shorter; more pictures, or pre-trained weights (--from), help more',
            _anew(run, epochs=max(1, epochs // 2)),
        ),
        'starved of data': (
            'Load by more processes, if cores are left; or make the pictures smaller first',
            f'{_anew(run, workers=8)}\nmmcnx2 pack {images} --out {folder}-shards --short-side 256',
        ),
        'still improving': (
            'Train longer',
            f'mmcnx2 {run.command} {images} --out {folder} --epochs {2 * epochs}',
        ),
    }
    found = [by_kind[finding.kind] for finding in findings if finding.kind in by_kind]
    return found + _next(run, folder, images)


def _anew(run: Run, **changes: Any) -> str:
    """Return the command of another run, told as this one was but for some changes."""
    said = {name: run.arguments[name] for name in _SAID if name in run.arguments}
    settings = run.arguments.get('set', {}) | changes.pop('set', {})
    words = ['mmcnx2', run.command, run.arguments['images'], '--out', f'{run.folder}-2']
    for name, value in (said | changes).items():
        if isinstance(value, str | int | float):
            text = f'{value:.3g}' if isinstance(value, float) else str(value)
            words += [f'--{name.strip("_").replace("_", "-")}', text]
    for key, value in settings.items():
        words += ['--set', f'{key}={value}']
    return shlex.join(map(str, words))


def _next(run: Run, folder: str, images: str) -> list[tuple[str, str]]:
    if run.command != 'pretrain':
        return [
            ('Predict on other pictures', f'mmcnx2 predict {folder} PHOTOS/ --out {folder}/drawn'),
            ('Score it', f'mmcnx2 test {folder}'),
        ]
    return [
        (
            'Fine-tune on labelled pictures',
            f'mmcnx2 finetune LABELLED/ --from {folder} --out {folder}-cls',
        ),
        ('Measure the features by labels', f'mmcnx2 probe LABELLED/ --from {folder}'),
        (
            'Look for near-duplicates in all pictures',
            f'mmcnx2 embed {images} --from {folder} --out {folder}/embeddings.parquet --duplicates',
        ),
    ]
