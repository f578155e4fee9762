"""Pre-training on unlabelled images."""

from typing import Annotated

from mmcnx2 import arguments
from mmcnx2.apis.calls import call
from mmcnx2.apis.devices import use
from mmcnx2.apis.run import Run
from mmcnx2.apis.training_options import TrainingOptions


@call
def pretrain(
    images: Annotated[str, arguments.location],
    *,
    options: TrainingOptions,
    mask_ratio: Annotated[float | None, arguments.inside] = None,
) -> Run:
    """Pre-train on images, without labels.

    For example: mmcnx2 pretrain photos/ --out runs/pre

    Args:
        images: Folder of images, nested as it may be; several with commas, or a pattern in quotes,
            such as 'data/*/images'; a .zip archive; a list (.txt) or table (.csv, .tsv, .parquet,
            column path) of paths; a .parquet with images in it, or a data set that Hugging Face's
            datasets saved; a folder of tar files, such as img2dataset's; or the address of
            such a folder or list, https, s3, gs or hf.
        options: See TrainingOptions.
        mask_ratio: Share of each image that is hidden. Default 0.6.

    Returns:
        The run.

    Raises:
        OSError: The folder cannot be read, or ``out`` not be written.
        ValueError: A value does not fit the others, or the run that is there.
    """
    use(options.device)
    from mmcnx2.apis.recipes.pretraining import Pretraining
    from mmcnx2.apis.training import carry_out

    return carry_out(Pretraining(images, mask_ratio=mask_ratio), options)
