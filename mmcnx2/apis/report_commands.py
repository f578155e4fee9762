"""The commands to go on with, from what a report says of a run."""

import shlex
from collections.abc import Sequence

from mmcnx2.analysis.report.verdict import Finding
from mmcnx2.apis.run import Run


def commands_of(run: Run, findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """Return what each command is for, and the command, the most urgent first.

    Args:
        run: The run.
        findings: What the report says of it.
    """
    folder, images = shlex.quote(run.folder), shlex.quote(str(run.arguments['images']))
    train = f'mmcnx2 {run.command} {images}'
    rate, epochs = run.arguments['lr'], run.arguments['epochs']
    by_kind = {
        'collapsed': (
            'Begin anew with a lower rate, and watch the features while it trains',
            f'{train} --out {folder}-2 --lr {rate / 3:.2g} --set '
            'default_hooks.diversity.type=mmcnx2.FeatureDiversityHook',
        ),
        'not learning': (
            'Begin anew with a lower rate',
            f'{train} --out {folder}-2 --lr {rate / 3:.2g}',
        ),
        'over-fitted': (
            'Train shorter, or begin from pre-trained weights',
            f'{train} --out {folder}-2 --epochs {max(1, epochs // 2)} --from PRETRAINED',
        ),
        'starved of data': (
            'Pack the pictures into shards of a smaller size, or load by more processes',
            f'mmcnx2 pack {images} --out {folder}-shards --short-side 256\n'
            f'{train} --out {folder} --workers 8',
        ),
        'still improving': ('Train longer', f'{train} --out {folder} --epochs {2 * epochs}'),
    }
    found = [by_kind[finding.kind] for finding in findings if finding.kind in by_kind]
    return found + _next(run, folder, images)


def _next(run: Run, folder: str, images: str) -> list[tuple[str, str]]:
    if run.command != 'pretrain':
        return [
            ('Predict on other pictures', f'mmcnx2 predict {folder} PHOTOS/ --out {folder}/drawn'),
            ('Export it', f'mmcnx2 export {folder} --out {folder}/model.onnx'),
        ]
    return [
        (
            'Fine-tune on labelled pictures',
            f'mmcnx2 finetune LABELLED/ --from {folder} --out {folder}-cls',
        ),
        ('Measure the features by labels', f'mmcnx2 knn LABELLED/ --from {folder}'),
        (
            'Look for near-duplicates in all pictures',
            f'mmcnx2 embed {images} --from {folder} --out {folder}/embeddings.parquet --duplicates',
        ),
    ]
