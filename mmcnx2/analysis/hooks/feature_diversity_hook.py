"""Are the features collapsing? One number a stage in the log while a model trains."""

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcnx2.analysis.feature_diversity import measure_diversity
from mmcnx2.checks import check_at_least, check_types
from mmcnx2.engine.batches import images_of, inner_model
from mmcnx2.nn.convnextv2 import ConvNeXtV2
from mmcnx2.nn.masking import RandomMasking
from mmcnx2.registry import HOOKS


@HOOKS.register_module()
class FeatureDiversityHook(Hook):
    """Log the mean pairwise cosine distance of the expanded features, averaged over each stage.

    ``diversity/stage1`` and so on stand in the lines of the log and in the visualizer's backends;
    :func:`~mmcnx2.analysis.feature_diversity.mean_cosine_distance` says what they are. Images are
    the first ones of the batch that was just trained on, the features those of evaluation mode, in
    the precision of the weights. Training is not affected, nor are the random numbers that it
    draws. One line of a config turns it on::

        custom_hooks = [dict(type='mmcnx2.FeatureDiversityHook')]

    and so does ``--cfg-options default_hooks.diversity.type=mmcnx2.FeatureDiversityHook``.

    A stage below ``threshold`` is warned of, once in a run. The default, 0.1, is a mean cosine of
    0.8 between channels.

    Args:
        interval: Steps between measurements.
        num_images: Number of images of the batch; fewer are taken where it has fewer.
        mask_ratio: Share of patches hidden from the encoder, as in pre-training; None measures on
            whole images, as in the paper's Figure 4.
        threshold: Mean distance, at most 0.5, below which a stage counts as collapsed.

    Raises:
        ValueError: An option out of range.
    """

    @check_types
    def __init__(
        self,
        *,
        interval: int = 100,
        num_images: int = 8,
        mask_ratio: float | None = None,
        threshold: float = 0.1,
    ):
        check_at_least(1, interval=interval, num_images=num_images)
        if not 0 <= threshold <= 0.5:
            raise ValueError(
                f'threshold={threshold} must lie between 0 and 0.5, the largest distance there is.'
            )
        self.interval, self.num_images, self.threshold = interval, num_images, threshold
        self.masking = None if mask_ratio is None else RandomMasking(mask_ratio, seed=0)
        self.warned = False

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs=None
    ) -> None:
        """Measure, if it is time to. The logger's hook comes later and writes it down."""
        if not self.every_n_train_iters(runner, self.interval):
            return
        model = inner_model(runner.model)
        images = images_of(model, data_batch)[: self.num_images]
        net, visible = model.backbone, None
        if self.masking:
            grid = (side // net.strides[-1] for side in images.shape[2:])
            visible = self.masking(len(images), *grid)
        stages = measure_diversity(net, [images], visible=visible).stages
        for number, value in enumerate(stages, 1):
            runner.message_hub.update_scalar(f'train/diversity/stage{number}', value)
        self._warn(runner, stages, net)

    def _warn(self, runner: Runner, stages: list[float], net: ConvNeXtV2) -> None:
        low = [f'{i} ({value:.3f})' for i, value in enumerate(stages, 1) if value < self.threshold]
        if low and not self.warned:
            self.warned = True
            without_grn = net.stages[0][0].grn is None
            remedy = "; GRN (use_grn=True) is the paper's remedy" if without_grn else ''
            runner.logger.warning(
                f'Features collapse: the diversity of stage {", ".join(low)} is below '
                f'{self.threshold:g} at step {runner.iter + 1}{remedy}. This is said once.'
            )
