"""COCO instance annotations of scenes."""

import cv2
import numpy as np

from .composer import Instance

_ZOOM = 4  # contours run through pixel centers: zoomed in, they follow the pixels' edges


def segmentation(mask: np.ndarray) -> list[list[float]] | dict:
    """Describe a mask as COCO does.

    Args:
        mask: ``(H, W)``, bool.

    Returns:
        Polygons, one a visible piece, as flat lists of x and y in pixels; or, for a mask with
        holes, which polygons cannot tell, uncompressed run lengths
        ``dict(size=[H, W], counts=[...])``.
    """
    zoomed = np.kron(mask, np.ones((_ZOOM, _ZOOM), np.uint8)).astype(np.uint8)
    contours, hierarchy = cv2.findContours(zoomed, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if (hierarchy[0, :, 3] >= 0).any():
        return run_lengths(mask)
    return [((contour.reshape(-1) + 0.5) / _ZOOM).tolist() for contour in contours]


def run_lengths(mask: np.ndarray) -> dict:
    """Run lengths down the columns, starting with a run of zeros, perhaps of length 0."""
    flat = mask.ravel(order='F').astype(np.int8)
    starts = np.flatnonzero(np.diff(flat, prepend=0))
    return dict(size=list(mask.shape), counts=np.diff(starts, prepend=0, append=flat.size).tolist())


def annotation(instance: Instance) -> dict:
    """COCO entry of an object, but for the ids that only the whole file can give.

    The box is ``[x, y, width, height]`` in pixels and just holds the visible pixels; the area is
    their number.
    """
    return dict(
        category_id=instance.label + 1,
        iscrowd=0,
        area=int(instance.mask.sum()),
        bbox=list(cv2.boundingRect(instance.mask.astype(np.uint8))),
        segmentation=segmentation(instance.mask),
    )


def document(
    images: list[tuple[str, list[dict]]], *, size: int, classes: list[str], description: str
) -> dict:
    """Put the annotations of a split together.

    Args:
        images: File name and annotations of each picture, in order.
        size: Side of the pictures in pixels.
        classes: Names of the object classes; their ids count from 1.
        description: What the data set is, for its readers.
    """
    listed, annotations = [], []
    for image_id, (name, found) in enumerate(images, start=1):
        listed.append(dict(id=image_id, file_name=name, width=size, height=size))
        for entry in found:
            annotations.append(dict(id=len(annotations) + 1, image_id=image_id, **entry))
    return dict(
        info=dict(description=description),
        licenses=[],
        images=listed,
        annotations=annotations,
        categories=[
            dict(id=number, name=name, supercategory='object')
            for number, name in enumerate(classes, start=1)
        ],
    )
