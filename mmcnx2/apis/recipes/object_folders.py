"""Images and objects of a data set for detection, in whichever of the usual formats it is."""

from mmcnx2.apis.recipes.coco_folders import CocoPart, find_coco
from mmcnx2.datasets.labels.voc import is_voc, read_voc
from mmcnx2.datasets.labels.yolo import find_yolo, read_yolo


def find_objects(root: str) -> dict[str, CocoPart]:
    """Find images and annotations: YOLO's by its data.yaml, VOC's by its folders, else COCO's.

    What is converted, and what of it cannot be, is printed.

    Args:
        root: The folder.

    Returns:
        ``train``, and ``val`` if there is one. What was converted has '' for its file.

    Raises:
        FileNotFoundError: There are no annotations, or no images that they name.
        ValueError: Several files could be meant, or one is not in its format.
    """
    if file := find_yolo(root):
        name, (contents, images, left_out) = "YOLO's", read_yolo(file)
    elif is_voc(root):
        name, (contents, images, left_out) = "VOC's", read_voc(root)
    else:
        return find_coco(root)
    print(f"Converted from {name} format into COCO's, in files of the run.", flush=True)
    if said := left_out.describe():
        print(said, flush=True)
    return {part: CocoPart('', images, each) for part, each in contents.items()}
