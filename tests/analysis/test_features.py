"""Features that several processes share out and put back in order."""

import numpy as np
import pytest
import torch
from PIL import Image

from mmcnx2.analysis.features import labelled_images
from mmcnx2.datasets.image_limits import UnreadableImageError
from tests.support.closeness import assert_close
from tests.support.feature_processes import features_of, save_features
from tests.support.processes import run_processes


@pytest.mark.parametrize('workers', [0, 1])
def test_an_image_that_cannot_be_read_is_named_or_replaced(workers, tmp_path):
    for i in range(4):
        path = tmp_path / f'a/{i}.png'
        path.parent.mkdir(exist_ok=True)
        Image.new('RGB', (40, 40), (60 * i, 0, 0)).save(path)
    (tmp_path / 'a/2.png').write_bytes(b'no image')
    dataset = dict(type='CustomDataset', data_root=str(tmp_path))
    options = dict(size=32, batch_size=2, num_workers=workers)
    with pytest.raises(UnreadableImageError, match=r"cannot read '.*/a/2\.png'"):
        list(labelled_images(dataset, **options))
    batches = list(labelled_images(dataset, **options, max_unreadable=1.0))
    paths = [sample.img_path for batch in batches for sample in batch['data_samples']]
    assert len(paths) == 4 and str(tmp_path / 'a/2.png') not in paths


def test_two_processes_have_what_one_has(tmp_path):
    noise = np.random.default_rng(0)
    for i in range(7):  # not a multiple of two: the sampler repeats an image
        path = tmp_path / f'images/{"ab"[i % 3 == 0]}/{i}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise.integers(0, 256, (40, 50, 3), np.uint8)).save(path)
    expected, labels = features_of(str(tmp_path))
    assert labels.tolist() == [0, 0, 0, 0, 1, 1, 1]
    run_processes(save_features, tmp_path)
    for rank in (0, 1):
        found, found_labels = torch.load(tmp_path / f'{rank}.pt')
        assert_close(f'features in process {rank}', expected, found, 1e-6)
        assert found_labels.equal(labels)
