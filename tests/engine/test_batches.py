"""Looking into a model whose weights are shared out over processes, between its training steps."""

import pytest
import torch
import torch.distributed as dist
from mmengine.device import get_device

from mmcnx2.analysis.feature_diversity import measure_diversity
from mmcnx2.analysis.reconstruction import reconstruct_pictures
from mmcnx2.engine.batches import gathered, images_of, inner_model
from mmcnx2.engine.runners.sharding import shard
from tests.support.fcmae import make_fcmae


@pytest.fixture
def one_process():
    """A process group of one: its shared-out weights are as unusable alone as those of many."""
    backend = 'nccl' if torch.cuda.is_available() else 'gloo'
    dist.init_process_group(backend, store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_looking_at_shared_out_weights_gives_the_same_and_training_goes_on(one_process):
    pictures = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    model = make_fcmae().float().to(get_device())
    images = images_of(model, dict(inputs=pictures, data_samples=None))
    curve = measure_diversity(model.backbone, [images]).curve
    with gathered(model):
        prediction = reconstruct_pictures(model, pictures, seed=0).prediction

    model = inner_model(shard(model))
    for _ in range(2):
        model(images, mode='loss')['loss'].backward()
        assert measure_diversity(model.backbone, [images]).curve == pytest.approx(curve)
        with gathered(model):
            again = reconstruct_pictures(model, pictures, seed=0).prediction
        torch.testing.assert_close(again, prediction)


def test_images_come_normalized_whatever_form_the_batch_has():
    model = make_fcmae().float()
    pictures = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    expected = (pictures.flip(1).float() - model.data_preprocessor.mean.cpu()) / (
        model.data_preprocessor.std.cpu()
    )
    for inputs in (pictures, [pictures], [pictures, pictures + 1]):
        found = images_of(model, dict(inputs=inputs, data_samples=None))
        torch.testing.assert_close(found.cpu(), expected, atol=1e-5, rtol=0)
