"""Neighbors by cosine; near-duplicates that a network proposes and pixels confirm."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageOps

from mmcnx2.analysis.embedding import LOOKS, Embedder
from mmcnx2.analysis.encoders import load_encoder
from mmcnx2.analysis.overlap import SIDE, to_gray
from mmcnx2.analysis.pictures import thumbnails
from mmcnx2.analysis.similar import find_duplicates, nearest
from mmcnx2.nn import ConvNeXtV2
from tests.support.pictures import photograph

COUNT, PLANTED, SIZE = 120, 12, 72


def test_neighbors_are_the_most_similar_ones():
    vectors = np.array([[1, 0], [0, 1], [1, 1], [-1, 0]], np.float32)
    places, cosines = nearest(np.array([[5, 0.1]], np.float32), vectors, count=3)
    assert places.tolist() == [[0, 2, 1]]
    assert cosines[0, 0] == pytest.approx(1, abs=1e-3) and cosines[0, 2] < 0.1
    assert nearest(vectors[:1], vectors, count=9)[0].shape == (1, 4)


def picture_of(seed: int) -> Image.Image:
    """Draw three things before a background."""
    picture, draw = photograph(SIZE, SIZE, seed=seed), random.Random(seed)
    pencil = ImageDraw.Draw(picture)
    for _ in range(3):
        x, y, r = draw.randrange(SIZE), draw.randrange(SIZE), draw.randrange(SIZE // 8, SIZE // 3)
        color = tuple(draw.randrange(256) for _ in range(3))
        draw.choice([pencil.ellipse, pencil.rectangle])((x - r, y - r, x + r, y + r), fill=color)
    return picture


def plant(folder: Path) -> set[tuple[str, str]]:
    """Write pictures and near-duplicates of some; return the pairs."""
    draw, pairs = random.Random(0), set()
    for i in range(COUNT):
        picture = picture_of(i)
        picture.save(folder / f'{i:03d}.png')
        if i >= PLANTED:
            continue
        match i % 3:
            case 0:
                picture.save(folder / f'{i:03d}-jpeg.jpg', quality=40)
            case 1:
                side = round(0.95 * SIZE)
                left, top = (draw.randrange(SIZE - side + 1) for _ in range(2))
                crop = picture.crop((left, top, left + side, top + side))
                crop.save(folder / f'{i:03d}-crop.png')
            case 2:
                ImageOps.mirror(picture).save(folder / f'{i:03d}-mirror.png')
        (planted,) = folder.glob(f'{i:03d}-*')
        pairs.add((f'{i:03d}.png', planted.name))
    return pairs


def test_planted_near_duplicates_are_found_and_hardly_anything_else(tmp_path):
    """By a network that was never trained: a trained one makes it easier."""
    torch.manual_seed(0)
    arch = dict(depths=(1, 1, 1, 1), channels=(32, 64, 128, 256))
    net = ConvNeXtV2(arch, final_norm=False)
    torch.save({f'backbone.{k}': v for k, v in net.state_dict().items()}, tmp_path / 'w.pth')
    folder = tmp_path / 'pictures'
    folder.mkdir()
    pairs = plant(folder)
    paths = sorted(map(str, folder.iterdir()))
    embedder = Embedder(load_encoder('it', str(tmp_path / 'w.pth')), size=SIZE)
    straight, *others = (
        np.concatenate([vectors for _, vectors, _ in embedder.stream(paths, look=look)])
        for look in LOOKS
    )
    pictures = [to_gray(each) for each in thumbnails(paths, SIDE)]
    names = [Path(path).name for path in paths]
    found = {
        tuple(sorted((names[pair.first], names[pair.second]), key=len)): pair
        for pair in find_duplicates(pictures, straight, others)
    }
    right = found.keys() & pairs
    assert len(right) >= 0.95 * len(pairs)
    assert len(right) >= 0.9 * len(found)
    assert all(found[pair].mirrored == ('mirror' in pair[1]) for pair in right)


def test_different_pictures_are_no_near_duplicates():
    pictures = [to_gray(np.asarray(picture_of(i).resize((SIDE, SIDE)))) for i in range(3)]
    assert find_duplicates(pictures, np.ones((3, 2), np.float32)) == [], 'whatever the network'
