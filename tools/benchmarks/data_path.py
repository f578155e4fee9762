"""Time the loading of images for pre-training, one process and one thread, beside the official way.

The official pipeline: Pillow decodes, then torchvision's RandomResizedCrop (bicubic), flip,
ToTensor and Normalize. The files are drawn here: 500x375, JPEG quality 96 without chroma
subsampling, like most of ImageNet, about 110 KB each. Candidates take turns in every round, and
CPU time is what counts. A batch is collated, as a loader's worker does.
Example: python tools/benchmarks/data_path.py --rounds 15 --rate base=5000 tiny=9000
"""

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mmcnx2 import arguments

CONFIG = Path(__file__).resolve().parents[2] / 'configs/_base_/datasets/imagenet_fcmae.py'
SIZE, AREA = 224, (0.2, 1.0)
BASE_RATE = 5000
# Multiply-adds of one image at 224 px, 1e9: table 14 of the paper.
MULTIPLY_ADDS = dict(
    atto=0.55, femto=0.78, pico=1.37, nano=2.45, tiny=4.47, base=15.4, large=34.4, huge=115
)
OFFICIAL, OURS = 'official: Pillow, torchvision', 'mmcnx2'
SMALLER = 'mmcnx2, shards with --short-side 256'


def arch_rate(text: str) -> tuple[str, float]:
    """A type of argument: the training speed of an arch, such as base=5000."""
    arch, _, rate = text.partition('=')
    if arch not in MULTIPLY_ADDS:
        known = ', '.join(MULTIPLY_ADDS)
        raise arguments.refusal(text, f'a pair such as base=5000, of one of {known},')
    return arch, arguments.positive(rate)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--images', type=arguments.whole(1, 10**5), default=64, help='files, one batch'
    )
    parser.add_argument(
        '--rounds', type=arguments.rounds, default=15, help='batches of each that count'
    )
    parser.add_argument('--seed', type=arguments.seed, default=0, help='of the pictures')
    parser.add_argument('--parts', action='store_true', help='time decoders and resizers, too')
    parser.add_argument(
        '--rate', nargs='+', type=arch_rate, default=[], metavar='ARCH=IMAGES/S',
        help='training speeds of one GPU for the table of cores; default: an assumption, '
        f'{BASE_RATE} for base, the aim for one H200, and the others in proportion to their '
        'multiply-adds',
    )  # fmt: skip
    args = parser.parse_args()
    args.rate = dict(args.rate)
    return args


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

import cv2
import mmcv
import numpy as np
import simplejpeg
import torch
import torchvision
from measure import interleaved_medians
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.dataset import default_collate as collate_samples
from mmengine.registry import init_default_scope
from photographs import HEIGHT, WIDTH, write_photographs
from PIL import Image
from tables import table
from torch.utils.data import default_collate
from torchvision import transforms
from torchvision.transforms import InterpolationMode, RandomResizedCrop, v2

from mmcnx2.datasets.resize import resize_bicubic
from mmcnx2.datasets.shards.recompress import Recompression

try:
    import turbojpeg  # mmcv's 'turbojpeg' back end: PyTurboJPEG < 2 and the system's libturbojpeg
except ImportError:
    turbojpeg = None


def pipelines(paths: Sequence[Path]) -> dict[str, Callable[[], object]]:
    """Return functions that load all files into one batch, by name."""
    official = transforms.Compose([
        transforms.RandomResizedCrop(SIZE, AREA, interpolation=InterpolationMode.BICUBIC),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ])  # fmt: skip
    uint8 = v2.Compose([
        v2.RandomResizedCrop(SIZE, AREA, interpolation=InterpolationMode.BICUBIC, antialias=True),
        v2.RandomHorizontalFlip(),
    ])  # fmt: skip

    def pillow(path: Path) -> torch.Tensor:
        with path.open('rb') as file:
            return official(Image.open(file).convert('RGB'))

    def torchvision_io(path: Path) -> torch.Tensor:
        data = torchvision.io.read_file(str(path))
        return uint8(torchvision.io.decode_jpeg(data, torchvision.io.ImageReadMode.RGB))

    def configured(pipeline: Sequence[Mapping]) -> Callable[[], object]:
        pipeline = Compose(pipeline)
        return lambda: collate_samples(
            [pipeline(dict(img_path=str(path), sample_idx=i)) for i, path in enumerate(paths)]
        )

    def mmpretrain(decoder: str, resizer: str) -> Callable[[], object]:
        return configured([
            dict(type='LoadImageFromFile', imdecode_backend=decoder),
            dict(type='RandomResizedCrop', scale=SIZE, crop_ratio_range=AREA, backend=resizer,
                 interpolation='bicubic'),
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackInputs'),
        ])  # fmt: skip

    steps = {
        OFFICIAL: lambda: default_collate([pillow(path) for path in paths]),
        'torchvision.io, uint8, antialiased': lambda: default_collate(
            [torchvision_io(path) for path in paths]
        ),
        'mmpretrain: OpenCV, Pillow': mmpretrain('cv2', 'pillow'),
        'mmpretrain: OpenCV, OpenCV (aliased)': mmpretrain('cv2', 'cv2'),
        OURS: configured(Config.fromfile(CONFIG).train_pipeline),
    }
    if turbojpeg:
        mmcv.use_backend('turbojpeg')
        steps['mmpretrain: TurboJPEG, OpenCV (aliased)'] = mmpretrain('turbojpeg', 'cv2')
    return steps


def decoders(paths: Sequence[Path]) -> dict[str, Callable[[], object]]:
    """Return functions that decode all files, by name."""
    files = [path.read_bytes() for path in paths]
    fast = dict(fastdct=True, fastupsample=True)

    def simple(**options) -> Callable[[], object]:
        return lambda: [simplejpeg.decode_jpeg(data, 'BGR', **options) for data in files]

    def opencv(flag: int) -> Callable[[], object]:
        return lambda: [cv2.imdecode(np.frombuffer(data, np.uint8), flag) for data in files]

    def scaled(eighths: int) -> dict:
        return dict(min_height=HEIGHT * eighths / 8, min_width=WIDTH * eighths / 8)

    steps = {
        'Pillow': lambda: [Image.open(path).convert('RGB') for path in paths],
        'OpenCV': opencv(cv2.IMREAD_COLOR),
        'OpenCV, reduced to 1/2': opencv(cv2.IMREAD_REDUCED_COLOR_2),
        'torchvision.io': lambda: [
            torchvision.io.decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8))
            for data in files
        ],
        'simplejpeg': simple(),
        'simplejpeg, fast DCT and upsampling': simple(**fast),
        'simplejpeg, reduced to 3/4': simple(**scaled(6)),
        'simplejpeg, reduced to 1/2': simple(**scaled(4)),
        'simplejpeg, reduced to 1/8': simple(**scaled(1)),
    }
    if turbojpeg:
        library = turbojpeg.TurboJPEG()
        steps['TurboJPEG'] = lambda: [library.decode(data) for data in files]
        steps['TurboJPEG, lossless crop first'] = lambda: [
            library.decode(library.crop(data, 80, 48, 336, 288)) for data in files
        ]
    return steps


def resizers(paths: Sequence[Path]) -> dict[str, Callable[[], list]]:
    """Return functions that resize a random crop of each image to RGB arrays, by name."""
    torch.manual_seed(0)
    crops = []
    for path in paths:
        image = Image.open(path).convert('RGB')
        y, x, height, width = RandomResizedCrop.get_params(image, AREA, (3 / 4, 4 / 3))
        crops.append(image.crop((x, y, x + width, y + height)))
    arrays = [np.asarray(crop) for crop in crops]

    def opencv(interpolation: int) -> Callable[[], list]:
        return lambda: [cv2.resize(a, (SIZE, SIZE), interpolation=interpolation) for a in arrays]

    return {
        'Pillow, bicubic': lambda: [
            np.asarray(crop.resize((SIZE, SIZE), Image.Resampling.BICUBIC)) for crop in crops
        ],
        'torch, uint8 bicubic, antialiased': lambda: [
            resize_bicubic(a, (SIZE, SIZE)) for a in arrays
        ],
        'OpenCV, bicubic': opencv(cv2.INTER_CUBIC),
        'OpenCV, area': opencv(cv2.INTER_AREA),
        'OpenCV, bilinear': opencv(cv2.INTER_LINEAR),
    }


def recompression_error(path: Path) -> float:
    """Return by how much quality 90 changes an image, of 255, on average."""
    data = path.read_bytes()
    images = [simplejpeg.decode_jpeg(file) for file in (data, Recompression(quality=90)(data))]
    return np.abs(np.subtract(*images, dtype=np.int16)).mean()


def cores(speed: Mapping[str, float], rates: Mapping[str, float]) -> str:
    """Return the table of cores that keep one GPU busy.

    Args:
        speed: Images/s of one core, by pipeline.
        rates: Training speeds in images/s that are given, by arch; the others are assumed.
    """
    rows = []
    for arch, cost in MULTIPLY_ADDS.items():
        rate = rates.get(arch, BASE_RATE * MULTIPLY_ADDS['base'] / cost)
        needed = [str(math.ceil(rate / value)) for value in speed.values()]
        rows.append([arch, 'given' if arch in rates else 'assumed', f'{rate:,.0f}', *needed])
    head = ['arch', 'training speed', 'images/s', *(f'cores, {name}' for name in speed)]
    return table(head, rows)


def timed(steps: Mapping[str, Callable], args: argparse.Namespace, name: str) -> dict[str, float]:
    """Return median CPU milliseconds an image of each function, by name."""
    seconds = interleaved_medians(
        steps,
        device='cpu',
        rounds=args.rounds,
        on_round=lambda n: print(f'\r{name}: round {n}', end='', file=sys.stderr, flush=True),
        clock=time.process_time,
    )
    print(file=sys.stderr)
    return {name: 1e3 * value / args.images for name, value in seconds.items()}


def main(args: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    init_default_scope('mmpretrain')
    with tempfile.TemporaryDirectory() as folder:
        paths = write_photographs(Path(folder), args.images, seed=args.seed)
        steps = pipelines(paths)
        sizes = dict.fromkeys(steps, sum(path.stat().st_size for path in paths))
        for name, recompression in {
            'mmcnx2, shards with --quality 90': Recompression(quality=90),
            SMALLER: Recompression(short_side=256),
        }.items():
            smaller = [path.with_suffix(f'.{len(steps)}.jpg') for path in paths]
            for old, new in zip(paths, smaller, strict=True):
                new.write_bytes(recompression(old.read_bytes()) or old.read_bytes())
            steps[name] = pipelines(smaller)[OURS]
            sizes[name] = sum(path.stat().st_size for path in smaller)
        torch.manual_seed(0)
        np.random.seed(0)
        times = timed(steps, args, 'pipelines')
        loss = np.mean([recompression_error(path) for path in paths])
        parts = {}
        if args.parts:
            parts = {'decoder': timed(decoders(paths), args, 'decoders')}
            candidates = resizers(paths)
            parts['resizer'] = timed(candidates, args, 'resizers')
            results = {name: np.array(step(), np.int16) for name, step in candidates.items()}
    rows = [
        [name, f'{sizes[name] / args.images / 1e3:.0f}', f'{ms:.2f}', f'{1e3 / ms:.0f}',
         f'{times[OFFICIAL] / ms:.2f}']
        for name, ms in times.items()
    ]  # fmt: skip
    head = ['pipeline', 'KB a file', 'ms an image', 'images/s', 'speed / official']
    print(table(head, rows, texts=1))
    print(
        f'\n{args.images} files of {WIDTH}x{HEIGHT}, median of {args.rounds} interleaved batches, '
        f'CPU time of one thread; torch {torch.__version__}, torchvision '
        f'{torchvision.__version__}, OpenCV {cv2.__version__}, simplejpeg '
        f'{simplejpeg.__version__}.\n'
        f'Pixels of --quality 90 differ from the original ones by {loss:.1f} of 255 on average.\n'
    )
    for kind, values in parts.items():
        rows = [[name, f'{ms:.2f}'] for name, ms in values.items()]
        extra = []
        if kind == 'resizer':
            extra = ['mean difference', 'equal', 'off by > 1', 'largest']
            for row in rows:
                error = np.abs(results[row[0]] - results['Pillow, bicubic'])
                shares = (error == 0).mean(), (error > 1).mean()
                row += [f'{error.mean():.3f}', *(f'{x:.3%}' for x in shares), str(error.max())]
        print(table([kind, 'ms an image', *extra], rows, texts=1), end='\n\n')
    print(
        'Cores that keep one GPU busy, at training speeds that were NOT measured here: given, or '
        f'assumed\n({BASE_RATE} images/s for base, the aim for one H200, and the others in '
        'proportion to multiply-adds).\n'
    )
    chosen = (OFFICIAL, OURS, SMALLER)
    print(cores({name: 1e3 / times[name] for name in chosen}, args.rate))


if __name__ == '__main__':
    main(ARGS)
