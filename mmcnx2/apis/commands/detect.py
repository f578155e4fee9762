"""Training of a detector."""

from typing import Annotated, Literal

from mmcnx2 import arguments
from mmcnx2.apis.calls import call
from mmcnx2.apis.devices import use
from mmcnx2.apis.run import Run
from mmcnx2.apis.training_options import TrainingOptions
from mmcnx2.choices import DETECTORS


@call
def detect(
    images: Annotated[str, arguments.location],
    *,
    options: TrainingOptions,
    val: Annotated[str | None, arguments.location] = None,
    detector: Literal[DETECTORS] | None = None,
) -> Run:
    """Train a detector on images with annotations in COCO's, YOLO's or VOC's format.

    For example: mmcnx2 detect my_coco/ --from runs/pre --out runs/det

    It predicts masks where objects have some. Where they have boxes alone, Mask R-CNN becomes
    Faster R-CNN.

    Args:
        images: Folder of the data: annotations/train.json, annotations/val.json, train and val, or
            as other programs export it; or one file and its images. Or YOLO's data.yaml and what
            it names. Or VOC's Annotations, JPEGImages and ImageSets.
        options: See TrainingOptions.
        val: Images to validate with: another such folder, or the share to keep apart, such as 0.1,
            which is drawn by the seed and written down in the run's folder. Default those that the
            data have, else 0.2.
        detector: mask-rcnn; cascade-mask-rcnn, which refines boxes three times; rtmdet, small and
            fast, for boxes, and rtmdet-ins, for masks, too; dino, for boxes; or mask2former, for
            masks. Default mask-rcnn.

    Returns:
        The run.

    Raises:
        OSError: The folder cannot be read, or ``out`` not be written.
        ValueError: A value does not fit the others, the data, or the run that is there.
    """
    use(options.device)
    from mmcnx2.apis.recipes.detection import Detection
    from mmcnx2.apis.training import carry_out

    return carry_out(Detection(images, val=val, detector=detector), options)
