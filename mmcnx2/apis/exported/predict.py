"""An exported model's predictions of image files, drawn and in words."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from mmcnx2.apis.exported.draw import describe, draw
from mmcnx2.apis.exported.model import ExportedModel, open_picture
from mmcnx2.apis.picture_files import as_png, check_names, find_images
from mmcnx2.outputs import claim_folder, new_file, write_text


def predict_exported(model: str, images: str, out: str, *, score: float) -> None:
    """Draw what an exported model finds, and write ``predictions.json`` beside the pictures.

    A segmentor's classes are also written as numbers, ``labels/NAME.png``, and an encoder's maps as
    ``NAME.npz``, of which nothing can be drawn.

    Args:
        model: An ONNX file of ``mmcnx2 export``.
        images: An image or a folder of images.
        out: Folder for what is written.
        score: Draw objects from this score on.

    Raises:
        OSError: There is no such file, or ``out`` holds something else.
        ImportError: onnxruntime is not installed.
        ValueError: The file is no such model, or an image cannot be read.
    """
    files = find_images(Path(images))
    folder = Path(out)
    check_names(files, folder, named=as_png)
    run = ExportedModel.open(model)
    claim_folder(folder, 'predict')
    said = {}
    for file in files:
        picture = open_picture(file)
        found = run(picture)
        said[Path(file).name] = describe(found, run.facts, score)
        stem = Path(file).stem
        if run.facts['kind'] == 'features':
            with new_file(folder / f'{stem}.npz') as draft:
                np.savez(draft, **found)
            continue
        if run.facts['kind'] == 'segmentor':
            _save(_as_image(found['labels']), folder / 'labels' / as_png(file))
        _save(draw(picture, found, run.facts, score), folder / as_png(file))
    write_text(folder / 'predictions.json', json.dumps(said, indent=1, ensure_ascii=False) + '\n')
    print(f'Wrote predictions of {len(files)} pictures to {folder}')


def _as_image(labels: np.ndarray) -> Image.Image:
    """Return classes as gray values, of 16 bits where 8 do not hold them."""
    return Image.fromarray(labels.astype(np.uint8 if labels.max() < 256 else np.uint16))


def _save(image: Image.Image, path: Path) -> None:
    with new_file(path) as draft:
        image.save(draft)
