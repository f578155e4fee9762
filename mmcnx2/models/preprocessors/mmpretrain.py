"""Pre-training's and classification's data preprocessors for any number of channels."""

from collections.abc import Sequence
from copy import deepcopy

from mmpretrain.models.utils import data_preprocessor as mmpretrain
from mmpretrain.structures import DataSample, batch_label_to_onehot, cat_batch_labels, tensor_split
from torch import Tensor

from mmcnx2.checks import check_types
from mmcnx2.models.preprocessors.many_channels import ManyChannels
from mmcnx2.models.preprocessors.mixing import MixWithoutWaiting
from mmcnx2.nn.masking import hand_over
from mmcnx2.nn.ops.pixels import Pixels
from mmcnx2.registry import MODELS


@MODELS.register_module()
class SelfSupDataPreprocessor(ManyChannels, mmpretrain.SelfSupDataPreprocessor):
    """mmpretrain's of that name; see :class:`ManyChannels` for arguments and errors.

    Attributes:
        keeps_pixels: Whether images to train on become :class:`Pixels`, which a model with kernels
            for them normalizes itself, as many as it needs.
    """

    keeps_pixels = False

    def forward(self, data: dict, training: bool = False) -> dict:
        """Return ``dict(inputs=..., data_samples=...)`` on the device; arguments as in mmpretrain.

        Inputs are ``(N, C, H, W)``, normalized, or pixels to train on.
        """
        images = data.get('inputs')
        keeps = training and self.keeps_pixels and self._enable_normalize
        if not keeps or not isinstance(images, Tensor):
            return super().forward(data, training)
        values = super(ManyChannels, self).cast_data(images)  # neither turned nor converted
        self._check_channels(values.shape[1])
        pixels = Pixels(values, self.mean.flatten(), self.std.flatten(), self._turns)
        return dict(inputs=pixels, data_samples=self.cast_data(data.get('data_samples')))


@MODELS.register_module()
class ClsDataPreprocessor(ManyChannels, mmpretrain.ClsDataPreprocessor):
    """mmpretrain's of that name; see :class:`ManyChannels` for arguments and errors.

    Labels travel, and images are mixed, without the host waiting for the device. Both come out the
    same.

    Raises:
        ValueError: If a label is no class of ``num_classes``, as far as that is given.
    """

    @check_types
    def __init__(
        self,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        non_blocking: bool = True,
        batch_augments: dict | None = None,
        **options,
    ):
        mixing = MixWithoutWaiting(**deepcopy(batch_augments)) if batch_augments else None
        options |= dict(mean=mean, std=std, non_blocking=non_blocking)
        super().__init__(batch_augments=batch_augments, **options)
        self.batch_augments = mixing

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare a batch, as mmpretrain's does."""
        samples = data.get('data_samples')
        if samples and isinstance(samples[0], DataSample) and 'gt_label' in samples[0]:
            self._send_labels(samples)
        return super().forward(data, training)

    def _send_labels(self, samples: Sequence[DataSample]) -> None:
        """Bring labels to the device before mmpretrain does, which waits for each copy."""
        labels, splits = cat_batch_labels([sample.gt_label for sample in samples])
        if self.num_classes:
            _check_labels(labels, self.num_classes)
        if self.to_onehot and self.num_classes and 'gt_score' not in samples[0]:
            # On the host, where a class beyond the last is told without asking the device.
            scores = batch_label_to_onehot(labels, splits, self.num_classes)
            for sample, score in zip(samples, hand_over(scores, self.device), strict=True):
                sample.set_gt_score(score)
        labels = hand_over(labels, self.device)
        for sample, label in zip(samples, tensor_split(labels, splits), strict=True):
            sample.set_gt_label(label)


def _check_labels(labels: Tensor, classes: int) -> None:
    """Look at labels while they are on the host; on the device a wrong one ends the process."""
    if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
        wrong = labels[(labels < 0) | (labels >= classes)][0].item()
        raise ValueError(
            f'an image has the label {wrong}, but num_classes={classes} leaves 0 to {classes - 1}: '
            'set model.num_classes to the number of classes of the data.'
        )
