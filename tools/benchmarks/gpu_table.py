"""Measure on one GPU everything that docs/performance.md has a row for, in one call.

Needs torch and Triton alone; rows whose peer (timm, mmpretrain) is not installed are left out and
named, and so are those for which --minutes do not suffice. bfloat16 autocast; candidates of a row
take turns in every round; medians.
"""

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec

from mmcnx2 import arguments


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--rounds', type=arguments.rounds, default=15)
    parser.add_argument(
        '--minutes', type=arguments.positive, default=8.5, help='no part begins after these'
    )
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

import torch
from measure import interleaved_medians, table
from torch import Tensor, nn

from mmcnx2.nn.convnextv2 import ConvNeXtV2
from mmcnx2.nn.fcmae import FCMAE

# Forward and backward of one image through base with its decoder at 224 px, 19 of 49 patches, and
# what cards reach of FLOP/s in bfloat16 and of bytes/s: docs/performance.md derives them.
FLOOR_FLOP, FLOOR_BYTES = 37e9, 0.3e9
PEAKS = {'H200': (788e12, 4.3e12), 'H100': (788e12, 3.0e12)}


class Classifying(nn.Module):
    """A backbone, whichever, with the mean of its squared features as the loss."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, images: Tensor) -> Tensor:
        output = self.net(images)
        return (output[-1] if isinstance(output, tuple) else output).float().square().mean()


def training_step(net: nn.Module, batch: int) -> Callable[[], None]:
    """Return a step with forward, backward and optimizer at 224 px."""
    net = net.cuda().train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-5, fused=True)
    images = torch.randn(batch, 3, 224, 224, device='cuda')

    def step():
        with torch.autocast('cuda', torch.bfloat16):
            loss = net(images)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def inference(net: nn.Module, batch: int) -> Callable[[], None]:
    """Return a forward of images as large as a detector's."""
    net = net.cuda().eval()
    images = torch.randn(batch, 3, 800, 1280, device='cuda')

    @torch.inference_mode()
    @torch.autocast('cuda', torch.bfloat16)
    def forward():
        net(images)

    return forward


def peak(step: Callable[[], None]) -> int:
    """Bytes of the step's activations and gradients at their peak."""
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    step()
    return torch.cuda.max_memory_allocated() - before


def pretraining_rows(rounds: int, arch: str, batch: int) -> list[list[str]]:
    """Packed beside masked, eager and compiled."""
    rows, eager = [], {}
    for way, wrap in (('eager', lambda net: net), ('torch.compile', torch.compile)):
        steps = {
            f'{layout}, {kernels}': training_step(
                wrap(FCMAE(arch, layout=layout, ops=kernels.lower())), batch
            )
            for layout, kernels in (('packed', 'Triton'), ('masked', 'torch'))
        }
        times = interleaved_medians(steps, device='cuda', rounds=rounds)
        ours, other = times.values()
        rows.append(row(f'pre-training {arch}, {way}, batch {batch}', times, other / ours))
        eager = eager or times
        if way == 'eager':
            memory = {name: peak(step) for name, step in steps.items()}
            shares = ' / '.join(f'{name} {value / 2**30:.1f} GiB' for name, value in memory.items())
            ratio = memory['packed, Triton'] / memory['masked, torch']
            rows.append(['  its peak memory', shares, f'{ratio:.2f}'])
        del steps
        torch.cuda.empty_cache()
    if arch == 'base':
        rows.append(floor_row(batch / min(eager['packed, Triton'], ours)))
    return rows


def floor_row(rate: float) -> list[str]:
    """Images a second of packed base, and their share of the floor on this card."""
    card = next((card for card in PEAKS if card in torch.cuda.get_device_name()), None)
    if card is None:
        return ['  images/s', f'{rate:.0f}; no floor is known for this card', '']
    flops, bandwidth = PEAKS[card]
    floor = 1 / (FLOOR_FLOP / flops + FLOOR_BYTES / bandwidth)
    told = f'{rate:.0f} of {floor:.0f} that the {card} allows'
    return ['  images/s', told, f'{rate / floor:.2f}']


def dense_training_rows(rounds: int, arch: str, batch: int) -> list[list[str]]:
    """A dense training step beside timm's, the faster of eager and compiled."""
    import timm

    name = f'convnextv2_{arch}'
    theirs = (Classifying(timm.create_model(name, num_classes=0)) for _ in range(2))
    theirs = [net.to(memory_format=torch.channels_last) for net in theirs]
    steps = {
        'mmcnx2': training_step(Classifying(ConvNeXtV2(arch, gap_before_final_norm=True)), batch),
        'timm': training_step(theirs[0], batch),
        'timm, torch.compile': training_step(torch.compile(theirs[1]), batch),
    }
    times = interleaved_medians(steps, device='cuda', rounds=rounds)
    ours, *others = times.values()
    return [row(f'dense training {arch}, batch {batch}', times, min(others) / ours)]


def dense_inference_rows(rounds: int, arch: str, batch: int) -> list[list[str]]:
    """Dense inference at 1280x800 beside mmpretrain's."""
    from peers import mmpretrain_convnext

    steps = {
        'mmcnx2': inference(ConvNeXtV2(arch), batch),
        'mmpretrain': inference(mmpretrain_convnext(arch), batch),
    }
    times = interleaved_medians(steps, device='cuda', rounds=rounds)
    ours, other = times.values()
    return [row(f'dense inference {arch}, 1280x800, batch {batch}', times, other / ours)]


def row(what: str, seconds: dict[str, float], ratio: float) -> list[str]:
    told = ' / '.join(f'{name} {1e3 * value:.1f} ms' for name, value in seconds.items())
    return [what, told, f'{ratio:.2f}']


PARTS = (
    (pretraining_rows, 'base', 128, 'triton'),
    (dense_inference_rows, 'base', 1, 'mmpretrain'),
    (dense_inference_rows, 'base', 8, 'mmpretrain'),
    (dense_training_rows, 'tiny', 128, 'timm'),
    (dense_training_rows, 'base', 128, 'timm'),
)


def main(args: argparse.Namespace) -> None:
    if not torch.cuda.is_available():
        raise SystemExit('error: there is no CUDA GPU here, and this measures nothing else.')
    start, rows = time.monotonic(), []
    for part, arch, batch, needed in PARTS:
        what = f'{part.__name__.removesuffix("_rows").replace("_", " ")} {arch}, batch {batch}'
        if find_spec(needed) is None:
            print(f'left out: {what}: {needed} is not installed', flush=True)
        elif time.monotonic() - start > 60 * args.minutes:
            print(f'left out: {what}: --minutes {args.minutes} are over', flush=True)
        else:
            found = part(args.rounds, arch, batch)
            rows += found
            print('\n'.join(' | '.join(cells) for cells in found), flush=True)
            torch.cuda.empty_cache()
    print('\n' + table(['measure', 'medians', 'ratio'], rows))
    print(
        f'{torch.cuda.get_device_name()}, torch {torch.__version__}, median of {args.rounds} '
        'interleaved calls; ratios above 1 are in favor of mmcnx2, but for memory and the floor.'
    )


if __name__ == '__main__':
    main(ARGS)
