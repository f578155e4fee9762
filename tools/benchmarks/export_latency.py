"""Time exported models beside PyTorch: size and latency in fp32, fp16 and int8, on a CPU.

Each model is exported to ONNX as `mmcnx2 export` does and run by onnxruntime on one picture, in
turns with the model as it was trained. CPU seconds of one thread are counted, which other programs
hardly change. Of a config the weights are those before training: a detector finds nothing and draws
no mask.

Example: python tools/benchmarks/export_latency.py runs/det --photos photos/
"""

import argparse
from pathlib import Path

from mmcnx2 import arguments
from mmcnx2.choices import EXPORT_PRECISIONS
from mmcnx2.processes.threads import settle_threads


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'models',
        nargs='+',
        type=arguments.path,
        help="a run's folder, or a config that ends in .py",
    )
    parser.add_argument(
        '--precisions', nargs='+', choices=EXPORT_PRECISIONS, default=list(EXPORT_PRECISIONS)
    )
    parser.add_argument('--size', type=arguments.whole(64, 4096), default=224, help='sides, in px')
    parser.add_argument(
        '--photos',
        type=arguments.path,
        help='pictures to find the ranges of int8 by, the first of which is run (default: random)',
    )
    parser.add_argument('--rounds', type=arguments.whole(1, 1000), default=15)
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

import time
from collections.abc import Callable
from tempfile import TemporaryDirectory

import numpy as np
import onnxruntime
import torch
from measure import interleaved_medians
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from PIL import Image
from tables import table
from torch import nn

from mmcnx2.apis.exporting.files import save_program, trace
from mmcnx2.apis.exporting.int8 import quantize
from mmcnx2.apis.exporting.kinds import make_program
from mmcnx2.apis.exporting.loading import load_model
from mmcnx2.apis.exporting.program import Program
from mmcnx2.apis.picture_files import find_images
from mmcnx2.apis.run import Run
from mmcnx2.engine.launch import read_config
from mmcnx2.registry import MODELS


def open_model(path: Path) -> nn.Module:
    """Return the model of a run, or of a config with the weights that training starts from."""
    if path.suffix != '.py':
        run = Run.open(path)
        return load_model(read_config(run.config), run.checkpoint)[0]
    cfg = read_config(str(path))
    cfg.model.backbone.pop('init_cfg', None)
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    model = revert_sync_batchnorm(MODELS.build(cfg.model))
    model.init_weights()
    return model.eval()


def draw_photos(folder: Path, size: int) -> list[Path]:
    """Write a few pictures of noise."""
    paths = [folder / f'{i}.png' for i in range(4)]
    for i, path in enumerate(paths):
        pixels = np.random.default_rng(i).integers(0, 256, (size, size, 3), np.uint8)
        Image.fromarray(pixels).save(path)
    return paths


def write(program: Program, path: Path, precision: str, photos: list[Path], size: int) -> None:
    """Export a program; int8 by pictures of the size that is timed."""
    traced = trace(program)
    if precision != 'int8':
        save_program(program, traced, path)
        return
    exact = path.with_name('exact.onnx')
    save_program(program, traced, exact)
    prepare = [dict(step='stretch', size=[size, size])]
    quantize(exact, path, photos, program.facts() | dict(prepare=prepare))
    exact.unlink()


def open_step(path: Path, images: np.ndarray) -> Callable[[], object]:
    """Return a function that runs a file on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    return lambda: session.run(None, dict(images=images))


def measure(name: Path, folder: Path, args: argparse.Namespace) -> list[list[str]]:
    """Return a row for PyTorch and one for each precision."""
    model = open_model(name)
    photos = ([Path(each) for each in find_images(args.photos)] if args.photos
              else draw_photos(folder, args.size))  # fmt: skip
    picture = Image.open(photos[0]).convert('RGB').resize((args.size, args.size))
    images = np.asarray(picture)[None]
    original = make_program(model)
    steps, sizes = {'PyTorch fp32': lambda: original.original(torch.from_numpy(images))}, {}
    weights = sum(each.numel() * each.element_size() for each in model.state_dict().values())
    sizes['PyTorch fp32'] = weights
    for precision in args.precisions:
        path = folder / f'{precision}.onnx'
        write(make_program(model, precision=precision), path, precision, photos, args.size)
        steps[precision], sizes[precision] = open_step(path, images), path.stat().st_size
    seconds = interleaved_medians(steps, device='cpu', rounds=args.rounds, clock=time.process_time)
    first = seconds['PyTorch fp32']
    return [
        [name.stem if name.suffix == '.py' else name.name, each, f'{sizes[each] / 2**20:.1f}',
         f'{1000 * taken:.1f}', f'{first / taken:.2f}']
        for each, taken in seconds.items()
    ]  # fmt: skip


def main(args: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    rows = []
    for name in args.models:
        with TemporaryDirectory() as folder:
            rows += measure(name, Path(folder), args)
    head = ['model', 'as', 'MiB', f'CPU ms of {args.size} px', 'times PyTorch']
    print(table(head, rows))


if __name__ == '__main__':
    main(ARGS)
