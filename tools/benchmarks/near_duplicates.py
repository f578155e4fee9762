"""How many planted near-duplicates `mmcnx2 embed --duplicates` finds, and how many others.

Pictures are rendered scenes, and those of scikit-image if that is installed. Of some there is a
near-duplicate: a JPEG of quality 40, the picture in a mirror, or a crop of 95 % of each side at any
place. The peer is imagehash's perceptual hash, of pictures as they are and in a mirror, if that
is installed: at the distance of its bits at which it does best.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mmcnx2 import arguments
from mmcnx2.processes.threads import settle_threads

KINDS = ('jpeg', 'mirror', 'crop')
Pairs = set[tuple[str, str]]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--from',
        dest='weights',
        type=arguments.location,
        help='weights or run whose network proposes (default: atto, drawn at random)',
    )
    parser.add_argument('--pictures', type=arguments.count, default=2000, help='default: 2000')
    parser.add_argument('--planted', type=arguments.count, default=50, help='default: 50')
    parser.add_argument('--side', type=arguments.pixels, default=128, help='px, default: 128')
    parser.add_argument('--seed', type=arguments.seed, default=0, help='default: 0')
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from demo.scenes.composer import compose
from PIL import Image, ImageOps

from mmcnx2.analysis.embedding import LOOKS
from mmcnx2.analysis.overlap import SIDE, to_gray
from mmcnx2.analysis.pictures import thumbnails
from mmcnx2.analysis.similar import find_duplicates
from mmcnx2.apis.embedding import FolderEmbedding
from mmcnx2.nn import ConvNeXtV2


def originals(count: int, side: int, seed: int) -> Iterator[Image.Image]:
    """Yield scikit-image's pictures, as far as they are there, and rendered ones."""
    samples = list(_samples())[:count]
    yield from samples
    for number in range(count - len(samples)):
        rng = np.random.default_rng([seed, number])
        scene = compose(rng, size=side, classes=10, label=number % 10)
        yield Image.fromarray(scene.image[..., ::-1].copy())  # OpenCV's order


def _samples() -> Iterator[Image.Image]:
    try:
        from skimage import data
    except ImportError:
        return
    for name in (
        'astronaut', 'brick', 'camera', 'cat', 'clock', 'coffee', 'coins', 'grass', 'gravel',
        'hubble_deep_field', 'moon', 'page', 'retina', 'rocket', 'text',
    ):  # fmt: skip
        try:
            yield Image.fromarray(getattr(data, name)()).convert('RGB')
        except Exception:  # it would have to be fetched
            continue


def near_duplicate(picture: Image.Image, kind: str, draw: random.Random) -> Image.Image:
    """Return a near-duplicate; the JPEG is made when it is written."""
    if kind == 'mirror':
        return ImageOps.mirror(picture)
    if kind == 'jpeg':
        return picture
    width, height = (round(0.95 * side) for side in picture.size)
    left = draw.randrange(picture.width - width + 1)
    top = draw.randrange(picture.height - height + 1)
    return picture.crop((left, top, left + width, top + height))


def plant(folder: Path, args: argparse.Namespace) -> dict[str, Pairs]:
    """Write all pictures; return the planted pairs by kind."""
    draw, planted = random.Random(args.seed), {kind: set() for kind in KINDS}
    pictures = originals(args.pictures - args.planted, args.side, args.seed)
    for number, picture in enumerate(pictures):
        path = folder / f'{number:05d}.png'
        picture.save(path)
        if number < args.planted:
            kind = KINDS[number % len(KINDS)]
            other = folder / f'{number:05d}-{kind}.{"jpg" if kind == "jpeg" else "png"}'
            options = dict(quality=40) if kind == 'jpeg' else {}
            near_duplicate(picture, kind, draw).save(other, **options)
            planted[kind].add(tuple(sorted((str(path), str(other)))))
    return planted


def by_network(paths: list[str], weights: str, side: int) -> Pairs:
    """Return the pairs that the command finds."""
    embedding = FolderEmbedding(weights, paths, size=side // 32 * 32)
    looks = []
    for look in LOOKS:
        found = embedding.vectors(paths, look=look)
        looks.append(np.stack([found[path] for path in paths]))
    pictures = [to_gray(each) for each in thumbnails(paths, SIDE)]
    pairs = find_duplicates(pictures, *looks[:1], looks[1:])
    return {tuple(sorted((paths[pair.first], paths[pair.second]))) for pair in pairs}


def by_hash(paths: list[str], planted: Pairs) -> tuple[Pairs, int] | None:
    """Return imagehash's pairs at its best distance, and that; None without the library."""
    try:
        from imagehash import phash
    except ImportError:
        return None
    pictures = [Image.open(path).convert('RGB') for path in paths]
    bits = [
        np.stack([phash(turn(picture)).hash.ravel() for picture in pictures]).astype(np.float32)
        for turn in (lambda picture: picture, ImageOps.mirror)
    ]
    ours = 2 * bits[0] - 1
    most = bits[0].shape[1]
    apart = np.minimum(*((most - ours @ (2 * other - 1).T) / 2 for other in bits))
    upper = np.triu(np.ones_like(apart, bool), 1)
    best = (-1.0, set(), 0)
    for distance in range(0, 21, 2):
        places = zip(*np.nonzero(upper & (apart <= distance)), strict=True)
        found = {tuple(sorted((paths[a], paths[b]))) for a, b in places}
        right = len(found & planted)
        score = 2 * right / (len(found) + len(planted))  # F1
        best = max(best, (score, found, distance), key=lambda each: each[0])
    return best[1], best[2]


def row(name: str, found: Pairs, planted: dict[str, Pairs]) -> str:
    """Return a row of the table."""
    every = set().union(*planted.values())
    right = len(found & every)
    cells = [f'{right / len(every):.2f}', f'{right / max(1, len(found)):.2f}']
    cells += [f'{len(found & planted[kind])} of {len(planted[kind])}' for kind in KINDS]
    return f'| {name} | {" | ".join(cells)} |'


def main(args: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder, weights = Path(place, 'pictures'), args.weights
        folder.mkdir()
        if weights is None:
            torch.manual_seed(args.seed)
            state = ConvNeXtV2('atto', final_norm=False).state_dict()
            weights = str(Path(place, 'random.pth'))
            torch.save({f'backbone.{name}': tensor for name, tensor in state.items()}, weights)
        planted = plant(folder, args)
        paths = sorted(map(str, folder.iterdir()))
        found = by_network(paths, weights, args.side)
        peer = by_hash(paths, set().union(*planted.values()))
    print(f'{len(paths)} pictures, {args.planted} near-duplicates of them.\n')
    print(f'| | recall | precision | {" | ".join(KINDS)} |\n|---|---|---|---|---|---|')
    whose = args.weights or 'random weights'
    print(row(f'mmcnx2 embed --duplicates, {whose}', found, planted))
    if peer:
        print(row(f"imagehash's phash, up to {peer[1]} of 64 bits", peer[0], planted))


if __name__ == '__main__':
    main(ARGS)
