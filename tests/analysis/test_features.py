"""Features that several processes share out and put back in order."""

import numpy as np
import torch
from PIL import Image

from tests.support.closeness import assert_close
from tests.support.feature_processes import features_of, save_features
from tests.support.processes import run_processes


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
