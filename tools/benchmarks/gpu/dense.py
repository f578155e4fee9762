"""Whole images beside timm: training as a classifier's, inference as a detector's."""

from collections.abc import Iterator

import torch
from torch import nn

from gpu.comparison import Step, compare
from gpu.draws import draw
from gpu.networks import Classifying, compile_blocks, ours, timms, training_step
from gpu.row import Row
from gpu.setting import Setting


def training(setting: Setting, arch: str, batch: int) -> Iterator[Row]:
    """Yield rows of a training step, ours and timm's, each eager and compiled."""
    what = f'dense training {arch}, batch {batch}'
    seconds = {}
    for way in ('eager', 'compiled blocks'):
        nets = {
            'mmcnx2, Triton': ours(setting, arch, setting.ops, gap_before_final_norm=True),
            'mmcnx2, torch': ours(setting, arch, 'torch', gap_before_final_norm=True),
            'timm': timms(setting, arch, num_classes=0),
        }
        if way != 'eager':
            nets = {name: compile_blocks(setting, net) for name, net in nets.items()}
        steps = {
            name: training_step(setting, Classifying(net), batch) for name, net in nets.items()
        }
        found = yield from compare(setting, f'{what}, {way}', steps)
        seconds |= {f'{name}, {way}': value for name, value in found.items()}
        del nets, steps
    yield _over_timm(what, seconds, f'dense training {arch} over timm')


def inference(setting: Setting, arch: str, batch: int) -> Iterator[Row]:
    """Yield rows of a forward at 1280x800."""
    what = f'dense inference {arch}, 1280x800, batch {batch}'
    stages = [number - 1 for number, *_ in setting.stages(arch)]
    nets = {
        'mmcnx2, Triton': ours(setting, arch, setting.ops, out_indices=stages),
        'mmcnx2, torch': ours(setting, arch, 'torch', out_indices=stages),
        'timm': timms(setting, arch, features_only=True),
    }
    steps = {name: _forward(setting, net, batch) for name, net in nets.items()}
    seconds = yield from compare(setting, what, steps)
    yield _over_timm(what, seconds, f'dense inference {arch} over timm, batch {batch}')


def _forward(setting: Setting, net: nn.Module, batch: int) -> Step:
    net.eval()
    size = (32, 64) if setting.dry else (800, 1280)
    images = draw(setting, setting.batch(batch), 3, *size, seed=0, dtype=torch.float32)

    @torch.inference_mode()
    @torch.autocast(setting.device.type, torch.bfloat16)
    def forward() -> None:
        net(images)

    return forward


def _over_timm(what: str, seconds: dict[str, float], measure: str) -> Row:
    """Compare the fastest of ours with the fastest of timm's."""
    mine = min((name for name in seconds if name.startswith('mmcnx2')), key=seconds.get)
    theirs = min((name for name in seconds if name.startswith('timm')), key=seconds.get)
    ratio = seconds[theirs] / seconds[mine]
    return Row(
        f'{what}: over timm', dict(ratio=ratio, ours=mine, timms=theirs), measures={measure: ratio}
    )
