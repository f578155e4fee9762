"""tools/train.py and tools/test.py look at the data first, unless they are told not to."""

import shutil
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmcnx2.checkpoints.untrained import UntrainedError
from mmcnx2.engine import training
from tests.support.command_line import ROOT
from tests.support.in_process import refusal, run
from tests.support.pictures import photograph
from tests.support.toy_config import shorten, shrink

FINE_TUNING = ROOT / 'configs/convnext_v2/convnextv2-atto_fcmae-pre_1xb64-50e_folder.py'
CLASSES = ('ash', 'oak', 'yew')


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('trees')
    for split in ('train', 'val'):
        for seed, name in enumerate(CLASSES * 2):
            path = root / f'data/{split}/{name}/{seed}.webp'
            path.parent.mkdir(parents=True, exist_ok=True)
            photograph(64, 64, seed=seed).save(path)
    return root


def write_config(folder: Path, data: Path) -> Path:
    """Write the fine-tuning config's toy version for three classes."""
    cfg = shorten(shrink(Config.fromfile(FINE_TUNING)))
    cfg.model.backbone.pop('init_cfg')
    cfg.model.num_classes = 3
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        cfg[name].dataset.data_root = str(data)
    path = folder / f'{folder.name}.py'
    cfg.dump(path)
    return path


def never(*arguments, **options):
    raise AssertionError('the data were looked at')


@pytest.fixture(scope='module')
def checkpoint(root, tmp_path_factory) -> Path:
    """Of a run that was told not to look."""
    folder = tmp_path_factory.mktemp('run')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, 'check_data', never)
        config = write_config(folder, root / 'data')
        run('train.py', config, '--no-data-check', '--work-dir', folder)
    return folder / 'epoch_1.pth'


@pytest.fixture
def changed(root, tmp_path) -> Path:
    """A copy of the data whose validation has an elm instead of a yew."""
    shutil.copytree(root / 'data', tmp_path / 'data')
    (tmp_path / 'data/val/yew').rename(tmp_path / 'data/val/elm')
    return tmp_path


def test_training_is_refused_before_it_starts(changed):
    (changed / 'data/train/ash/0.webp').write_bytes(b'')
    config = write_config(changed, changed / 'data')
    said = refusal('train.py', config, '--work-dir', changed / 'run').splitlines()
    assert len(said) == 4
    assert said[0].startswith('error: train: 1 images cannot be read (') and 'empty' in said[0]
    assert said[1].startswith('error: val: ') and '(ash, oak, yew): elm;' in said[1]
    assert said[2] == 'error: nothing was started; --no-data-check starts all the same.'
    assert said[3].startswith('data: train has 6 images, 6 labels, 3 classes (ash, oak, yew)')
    assert not list(changed.rglob('*.pth'))


def test_validation_that_is_not_wanted_is_not_looked_at(changed):
    config = write_config(changed, changed / 'data')
    run('train.py', config, '--no-validate', '--work-dir', changed / 'run')
    (log,) = (changed / 'run').rglob('*.log')
    assert 'data: train has 6 images, 6 labels, 3 classes (ash, oak, yew).' in log.read_text()
    assert (changed / 'run/epoch_1.pth').is_file()


@pytest.mark.parametrize('training_data', [True, False], ids=['with', 'without'])
def test_a_test_is_refused_by_the_checkpoints_classes(changed, checkpoint, training_data):
    if not training_data:
        shutil.rmtree(changed / 'data/train')
    config = write_config(changed, changed / 'data')
    said = refusal('test.py', config, checkpoint, '--work-dir', changed / 'run')
    assert 'error: test: ' in said and '(ash, oak, yew): elm;' in said


def test_a_test_of_what_fits_is_scored(root, checkpoint, tmp_path):
    config = write_config(tmp_path, root / 'data')
    run('test.py', config, checkpoint, '--work-dir', tmp_path / 'run')
    (log,) = (tmp_path / 'run').rglob('*.log')
    said = log.read_text()
    assert 'data: test has 6 images, 6 labels, 3 classes (ash, oak, yew).' in said
    assert 'accuracy/top1: ' in said


def test_other_classes_by_another_number_are_no_score(root, checkpoint, tmp_path):
    config = write_config(tmp_path, root / 'data')
    options = ['--cfg-options', 'model.head.num_classes=5', 'custom_hooks=[]']
    said = refusal('test.py', config, checkpoint, '--work-dir', tmp_path / 'run', *options)
    assert 'no fitting weights for 2 of 2 parameters behind the encoder (head.fc.bias, ' in said


def test_mmpretrains_inferencers_refuse_to_guess_and_give_features(root, checkpoint, tmp_path):
    from mmpretrain import FeatureExtractor, ImageClassificationInferencer

    state = torch.load(checkpoint, weights_only=True)['state_dict']
    encoder = {key: value for key, value in state.items() if key.startswith('backbone.')}
    torch.save(dict(state_dict=encoder), tmp_path / 'encoder.pth')
    config = str(write_config(tmp_path, root / 'data'))
    options = dict(pretrained=str(tmp_path / 'encoder.pth'), device='cpu')
    image = str(root / 'data/val/ash/0.webp')
    with pytest.raises(UntrainedError, match='so predictions would be random'):
        ImageClassificationInferencer(config, **options)(image)
    (features,) = FeatureExtractor(config, **options)(image, stage='backbone')[0]
    assert features.shape == (32,)
