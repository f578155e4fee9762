"""tools/analysis_tools/knn.py from the command line."""

import re
from pathlib import Path

import pytest
import torch
from demo.scenes import SceneSettings, build
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmcnx2.analysis.features import extract_features, labelled_images
from mmcnx2.analysis.knn import knn_top1
from mmcnx2.registry import MODELS
from tests.support.command_line import ROOT, passed
from tests.support.forked_tool import tool
from tests.support.toy_config import classify_scenes, shorten, shrink

FCMAE = ROOT / 'configs/fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py'
FINE_TUNING = ROOT / 'configs/convnext_v2/convnextv2-atto_fcmae-pre_1xb64-50e_folder.py'


@pytest.fixture(scope='module')
def scenes(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('scenes')
    build(root, SceneSettings(size=64, unlabelled=4, train=10, val=20), workers=1, progress=False)
    return root


def test_scores_the_encoder_of_a_pre_training_checkpoint(scenes, tmp_path):
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        fcmae = MODELS.build(shrink(Config.fromfile(FCMAE)).model)
    torch.save(dict(state_dict=fcmae.state_dict()), tmp_path / 'epoch_1.pth')
    cfg = classify_scenes(shorten(shrink(Config.fromfile(FINE_TUNING))), scenes)
    cfg.dump(tmp_path / 'config.py')
    run = tool('analysis_tools/knn.py', 'config.py', 'epoch_1.pth', '-k', '3', cwd=tmp_path)
    said = re.search(r'top-1: ([\d.]+) % \(k=3, 20 images against 10\)', passed(run))

    pipeline = cfg.test_dataloader.dataset.pipeline
    features = [
        extract_features(
            fcmae,
            labelled_images(
                dict(
                    type='CustomDataset',
                    data_root=str(scenes / 'imagenet' / split),
                    pipeline=pipeline,
                ),
                num_workers=0,
            ),
        )
        for split in ('val', 'train')
    ]
    assert float(said[1]) == pytest.approx(knn_top1(*features[0], *features[1], k=3), abs=0.005)


@pytest.mark.parametrize(
    'arguments, sentence',
    [
        ((FINE_TUNING, 'no.pth'), "checkpoint 'no.pth' does not exist"),
        ((FCMAE, 'no.pth'), 'has no test_dataloader: give a config that classifies'),
    ],
    ids=['checkpoint', 'config'],
)
def test_what_is_missing_is_one_sentence(arguments, sentence, tmp_path):
    run = tool('analysis_tools/knn.py', *arguments, cwd=tmp_path)
    assert run.returncode == 1
    assert run.stderr.strip().splitlines()[-1].startswith('error: '), run.stderr
    assert sentence in run.stderr
    assert 'Traceback' not in run.stderr
