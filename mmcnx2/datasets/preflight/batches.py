"""What batches will hold: nothing, or one image where batch norm needs more."""

import math
from collections.abc import Iterator, Mapping

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmcnx2.datasets.preflight.findings import Findings


def check_batches(
    findings: Findings, loader: Mapping, *, model: nn.Module | None = None, processes: int = 1
) -> None:
    """Add that there is no image, no whole batch, or a batch of one before batch norm.

    Args:
        findings: Findings of the loader's data, its images counted.
        loader: Its config.
        model: That is to be trained; without one, batch norm is not looked for.
        processes: Among which the images are shared out.
    """
    if not findings.images:
        if not findings.errors and not findings.unseen:
            findings.problem('0 images are left', 'see what is left out, and why')
        return
    if findings.name != 'train':
        return
    size = loader.get('batch_size', 1)
    share = math.ceil(findings.images / processes)
    endless = 'Infinite' in str((loader.get('sampler') or {}).get('type'))
    if loader.get('drop_last') and not endless and share < size:
        findings.problem(
            f'{findings.images} images do not fill a batch of {size} in {processes} processes, and '
            'drop_last=True leaves out all others',
            'set train_dataloader.drop_last=False, or a smaller batch_size',
        )
    # Bucketed batches end in rests that cannot be foreseen.
    rest = 0 if endless or loader.get('drop_last') or loader.get('batch_sampler') else share % size
    for effect, norms in _batch_norms(model):
        alone = [n for n, norm in norms.items() if size * _spans(norm, processes) == 1]
        if not alone and rest == 1:
            alone = [n for n, norm in norms.items() if _spans(norm, processes) == 1]
        if alone:
            last = f'the last of {share} images in batches of {size}'
            which = 'batch_size=1' if size == 1 else last
            findings.problem(
                f'1 image is a batch ({which}), and batch norm {effect}',
                'set train_dataloader.batch_size=2 or more'
                if size == 1
                else 'set another train_dataloader.batch_size, or drop_last=True',
                files=alone,
                stops=effect == _FAIL,
            )


_FAIL, _WEAK = 'cannot normalize its one value', 'normalizes it by itself alone'


def _batch_norms(model: nn.Module | None) -> Iterator[tuple[str, dict[str, nn.Module]]]:
    """Yield the batch norms that train, by name: those that see one value an image, the others."""
    if not isinstance(model, nn.Module):
        return
    norms = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, _BatchNorm) and (module.weight is None or module.weight.requires_grad)
    }
    pooled = {
        f'{name}.{inner}'.strip('.')
        for name, module in model.named_modules()
        if any(map(_pools_to_one, module.children()))
        for inner, _ in module.named_modules()
    }
    single = {n: m for n, m in norms.items() if n in pooled or isinstance(m, nn.BatchNorm1d)}
    yield _FAIL, single
    yield _WEAK, {name: norm for name, norm in norms.items() if name not in single}


def _pools_to_one(module: nn.Module) -> bool:
    return isinstance(module, nn.AdaptiveAvgPool2d) and module.output_size in (1, (1, 1))


def _spans(norm: nn.Module, processes: int) -> int:
    """Return in how many processes a norm sees the batch."""
    return processes if isinstance(norm, nn.SyncBatchNorm) else 1
