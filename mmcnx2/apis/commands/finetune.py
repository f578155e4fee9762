"""Fine-tuning of a classifier."""

from typing import Annotated

from mmcnx2 import arguments
from mmcnx2.apis.calls import call
from mmcnx2.apis.devices import use
from mmcnx2.apis.run import Run
from mmcnx2.apis.training_options import TrainingOptions


@call
def finetune(
    images: Annotated[str, arguments.location],
    *,
    options: TrainingOptions,
    val: Annotated[str | None, arguments.location] = None,
) -> Run:
    """Train a classifier on folders of images, one for each class.

    For example: mmcnx2 finetune labelled/ --from runs/pre --out runs/cls

    Args:
        images: Folder of class folders, or one that holds such folders train and val; several with
            commas. Or a table (.csv, .tsv, .parquet) with the columns path, or of images, and
            label, and split if it says what validates; or a data set that Hugging Face's datasets
            saved. Several labels of an image stand between '|', or in columns of their own.
        options: See TrainingOptions.
        val: Images to validate with: another folder of class folders, or the share to keep apart,
            such as 0.1, which is drawn by the seed and written down in the run's folder. Default
            the folder val, else 0.2.

    Returns:
        The run.

    Raises:
        OSError: The folder cannot be read, or ``out`` not be written.
        ValueError: A value does not fit the others, the data, or the run that is there.
    """
    use(options.device)
    from mmcnx2.apis.recipes.classification import Classification
    from mmcnx2.apis.training import carry_out

    return carry_out(Classification(images, val=val), options)
