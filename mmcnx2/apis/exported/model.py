"""An exported model and what it makes of a picture, in that picture's own pixels."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from mmcnx2.apis.exported.prepare import prepare

FACTS = 'mmcnx2'
"""Name under which a file says of itself, as JSON, what whoever runs it has to know."""


@dataclass(frozen=True)
class ExportedModel:
    """An ONNX file of ``mmcnx2 export``.

    Attributes:
        session: onnxruntime's.
        facts: What the file says of itself: ``kind``, ``classes``, how pictures are prepared.
    """

    session: Any
    facts: dict[str, Any]

    @classmethod
    def open(cls, path: str | Path) -> 'ExportedModel':
        """Read a file.

        Raises:
            FileNotFoundError: There is none.
            ImportError: onnxruntime is not installed.
            ValueError: It is no ONNX file, or not of this project.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(f"'{path}' does not exist: give a file of `mmcnx2 export`.")
        try:
            import onnxruntime
        except ImportError:
            raise ImportError('onnxruntime is not installed: pip install onnxruntime.') from None
        try:
            session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
        except Exception as error:  # its classes share no base
            reason = (str(error).splitlines() or [''])[0][:200]
            raise ValueError(
                f"'{path}' is no ONNX file that onnxruntime runs ({reason})."
            ) from None
        note = session.get_modelmeta().custom_metadata_map.get(FACTS)
        if note is None:
            raise ValueError(f"'{path}' was not written by `mmcnx2 export`: export the run anew.")
        return cls(session, json.loads(note))

    def __call__(self, picture: Image.Image) -> dict[str, np.ndarray]:
        """Return what is found in a picture, by output's name.

        Boxes are in pixels of the picture, masks and labels of its size; a classifier also has
        ``scores``, which sum to 1.

        Args:
            picture: RGB of any size.

        Raises:
            ValueError: The model takes more than a picture.
        """
        if len(self.session.get_inputs()) > 1:
            raise ValueError(
                'a model of reconstruction takes masks, too, and predicts nothing by itself: '
                '`mmcnx2 reconstruct` draws what it fills in.'
            )
        if self.facts.get('channels', 3) != 3:
            raise ValueError(
                f'the model takes images of {self.facts["channels"]} channels, not pictures: run '
                'it by onnxruntime on arrays of float32.'
            )
        ready = prepare(picture, self.facts)
        names = [each.name for each in self.session.get_outputs()]
        values = self.session.run(names, dict(images=np.asarray(ready)[None]))
        found = dict(zip(names, values, strict=True))
        match self.facts['kind']:
            case 'classifier':
                shifted = np.exp(found['logits'][0] - found['logits'][0].max())
                return dict(logits=found['logits'][0], scores=shifted / shifted.sum())
            case 'detector':
                scale = np.divide(picture.size, ready.size, dtype=np.float32)
                found['boxes'] = found['boxes'] * np.tile(scale, 2)
                if 'masks' in found:
                    masks = [_resize(each, picture.size) for each in found['masks']]
                    found['masks'] = np.array(masks, bool).reshape(-1, *picture.size[::-1])
            case 'segmentor':
                found = {k: _resize(v[0], picture.size) for k, v in found.items()}
        return found


def open_picture(path: str | Path) -> Image.Image:
    """Read an image file as RGB, turned as its camera says.

    Raises:
        ValueError: It is no image.
    """
    try:
        with Image.open(path) as file:
            return ImageOps.exif_transpose(file).convert('RGB')
    except (OSError, SyntaxError) as error:
        raise ValueError(f"'{path}' cannot be read as an image ({error}).") from None


def _resize(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bring a map ``(h, w)`` to a picture's width and height, each pixel by its nearest."""
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(int)
        for new, old in zip(size[::-1], values.shape, strict=True)
    )
    return values[rows[:, None], columns]
