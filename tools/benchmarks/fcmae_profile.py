"""Say which kinds of operation the encoder's FCMAE training step spends its time on, by layout.

Times are those of the profiler on a CPU, which slows small operations down: read the shares.
Example: python tools/benchmarks/fcmae_profile.py --arch atto --batch-size 8
"""

import argparse

from candidates import LAYOUTS

from mmcnx2 import arguments
from mmcnx2.archs import ARCHS

# A kernel that is not torch's counts for the node of the graph that calls it.
NUMBA = (
    'mmcnx2::depthwise_conv_numba',
    'mmcnx2::depthwise_conv_numba_backward_rows',
    'mmcnx2::depthwise_conv_numba_backward_weight',
    'GeneratedBackwardFor_mmcnx2_depthwise_conv_numba_default',
)
KINDS = {
    'matrix products': ('mm', 'bmm', 'addmm', 'baddbmm', 'mv', 'addmv'),
    'convolutions': ('mkldnn_convolution', 'convolution_backward', *NUMBA),
    'gathering sites': ('index_select', 'cat', 'index_copy_'),
    'masking': ('masked_fill', 'masked_fill_'),
    'GELU': ('gelu', 'gelu_backward'),
    'LayerNorm': ('native_layer_norm', 'native_layer_norm_backward'),
    'sums and norms': ('sum', 'mean', 'linalg_vector_norm', 'pow'),
    'copies': ('copy_', 'fill_'),
    'arithmetic': ('add', 'add_', 'mul', 'mul_', 'div', 'div_', 'addcmul', 'addcmul_'),
}
"""Kind to operations of torch."""


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--arch', default='atto', choices=ARCHS)
    parser.add_argument('--batch-size', type=arguments.batch, default=8)
    parser.add_argument('--layouts', nargs='+', default=['masked', 'packed'], choices=LAYOUTS)
    parser.add_argument(
        '--size', type=arguments.pixels, default=224, help='side of the images in pixels'
    )
    parser.add_argument('--mask-ratio', type=arguments.inside, default=0.6)
    parser.add_argument(
        '--steps', type=arguments.rounds, default=10, help='steps that count, after two others'
    )
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

import torch
from fcmae_step import prepare_step
from tables import table
from torch.profiler import ProfilerActivity, profile


def measure(args: argparse.Namespace, layout: str) -> dict[str, float]:
    """Return the milliseconds a step of each kind, with 'the rest'."""
    step = prepare_step(
        args.arch, layout, args.batch_size, args.size, args.mask_ratio, 'cpu', 'float32'
    )
    for _ in range(2):
        step()
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(args.steps):
            step()
    kinds = {name: kind for kind, names in KINDS.items() for name in names}
    spent = dict.fromkeys([*KINDS, 'the rest'], 0.0)
    for event in profiler.key_averages():
        kind = kinds.get(event.key.removeprefix('aten::'), 'the rest')
        spent[kind] += event.self_cpu_time_total / 1e3 / args.steps
    return spent


def main(args: argparse.Namespace) -> None:
    columns = {layout: measure(args, layout) for layout in args.layouts}
    sums = {layout: sum(spent.values()) for layout, spent in columns.items()}
    head = ['kind', *(cell for name in columns for cell in (f'{name}, ms', 'share'))]
    rows = []
    for kind in [*KINDS, 'the rest']:
        row = [kind]
        for layout, spent in columns.items():
            row += [f'{spent[kind]:.1f}', f'{100 * spent[kind] / sums[layout]:.0f} %']
        rows.append(row)
    rows.append(['all', *(cell for value in sums.values() for cell in (f'{value:.1f}', '100 %'))])
    print(table(head, rows, texts=1))
    print(
        f'{args.arch}, batch {args.batch_size}, {args.size} px, mask ratio {args.mask_ratio}, '
        f'mean of {args.steps} profiled steps, torch {torch.__version__}, '
        f'{torch.get_num_threads()} threads.'
    )


if __name__ == '__main__':
    main(ARGS)
