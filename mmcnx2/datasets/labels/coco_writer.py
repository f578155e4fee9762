"""Images and objects, one after the other, as the contents of a file in COCO's format."""

import os
from collections.abc import Sequence

from mmcnx2.datasets.image_size import read_size
from mmcnx2.datasets.labels.left_out import LeftOut


class CocoWriter:
    """Collects images and objects.

    Args:
        root: Folder that the names of the images are relative to.
        classes: Names by number from 0.
        left_out: What cannot be written is counted here.
    """

    def __init__(self, root: str, classes: Sequence[str], left_out: LeftOut):
        self.root, self.left_out = root, left_out
        self.contents = dict(
            images=[],
            annotations=[],
            categories=[dict(id=number, name=name) for number, name in enumerate(classes, 1)],
        )

    def add_image(self, path: str) -> tuple[int, int] | None:
        """Add an image.

        Args:
            path: Of the file.

        Returns:
            Height and width in pixels; None if it cannot be read, which is counted.
        """
        try:
            height, width = read_size(path)
        except OSError:
            self.left_out.add('images that are not there or cannot be read', path)
            return None
        images = self.contents['images']
        images.append(
            dict(
                id=len(images) + 1,
                file_name=os.path.relpath(path, self.root),
                height=height,
                width=width,
            )
        )
        return height, width

    def add_object(
        self,
        label: int,
        box: Sequence[float],
        *,
        where: str,
        polygon: Sequence[float] = (),
        crowd: bool = False,
    ) -> None:
        """Add an object of the image that was added last.

        What reaches over the image's edge ends there, and counts from a pixel on; what is empty is
        left out.

        Args:
            label: Number of the class, from 0.
            box: Left, top, right and bottom in pixels.
            where: It stands, to name it.
            polygon: x and y of its corners in turn, in pixels.
            crowd: Neither trained on nor scored.
        """
        image = self.contents['images'][-1]
        sides = (image['width'], image['height']) * 2
        inside = [min(max(value, 0), side) for value, side in zip(box, sides, strict=True)]
        if max(abs(a - b) for a, b in zip(box, inside, strict=True)) > 1:
            self.left_out.add('objects that end at the edge of their image', where)
        left, top, right, bottom = inside
        if not (right > left and bottom > top):
            self.left_out.add('objects without an area', where)
            return
        annotations = self.contents['annotations']
        annotation = dict(
            id=len(annotations) + 1,
            image_id=image['id'],
            category_id=label + 1,
            bbox=[left, top, right - left, bottom - top],
            area=(right - left) * (bottom - top),
            iscrowd=int(crowd),
        )
        if polygon:
            limits = sides[:2] * (len(polygon) // 2)
            corners = [min(max(v, 0), side) for v, side in zip(polygon, limits, strict=True)]
            annotation |= dict(segmentation=[corners], area=_area(corners))
        annotations.append(annotation)


def _area(corners: Sequence[float]) -> float:
    """Return the area of a polygon, by the shoelace formula."""
    xs, ys = corners[::2], corners[1::2]
    return abs(sum(xs[i - 1] * ys[i] - xs[i] * ys[i - 1] for i in range(len(xs)))) / 2
