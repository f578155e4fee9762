"""Training of a segmentor."""

from typing import Annotated, Literal

from mmcnx2 import arguments
from mmcnx2.apis.calls import call
from mmcnx2.apis.devices import use
from mmcnx2.apis.run import Run
from mmcnx2.apis.training_options import TrainingOptions
from mmcnx2.choices import SEGMENTATION_HEADS


@call
def segment(
    images: Annotated[str, arguments.location],
    *,
    options: TrainingOptions,
    val: Annotated[str | None, arguments.location] = None,
    head: Literal[SEGMENTATION_HEADS] | None = None,
) -> Run:
    """Train a segmentor on images and masks.

    For example: mmcnx2 segment my_masks/ --from runs/pre --out runs/seg

    Args:
        images: Folder of the data: images/train, masks/train, images/val and masks/val, or images
            and masks; and classes.txt, the names of the classes, a line each. A mask has the name
            of its image; its pixels are numbers of classes from 0, and 255 where nothing is known,
            with a palette or without. Or they are colors, and classes.txt, classes.csv or
            classes.json says which: road 128 64 128.
        options: See TrainingOptions.
        val: Share of the images to validate with, such as 0.1, which is drawn by the seed and
            written down in the run's folder. Default the folders val, else 0.2.
        head: upernet, or mask2former, which needs mmdet, too. Default upernet.

    Returns:
        The run.

    Raises:
        OSError: The folder cannot be read, or ``out`` not be written.
        ValueError: A value does not fit the others, the data, or the run that is there.
    """
    use(options.device)
    from mmcnx2.apis.recipes.segmentation import Segmentation
    from mmcnx2.apis.training import carry_out

    return carry_out(Segmentation(images, val=val, head=head), options)
