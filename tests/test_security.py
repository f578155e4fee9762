"""Nothing from a stranger runs code or leaves its place: checkpoints, archives, addresses."""

import io
import os
import pickle
import re
import runpy
import sys
import tarfile
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner.checkpoint import _load_checkpoint, _load_checkpoint_with_prefix
from PIL import Image

from mmcnx2.analysis.encoders import load_encoders
from mmcnx2.apis import FCMAEInferencer
from mmcnx2.checkpoints.downloads import download
from mmcnx2.checkpoints.files import CheckpointError, read_checkpoint
from mmcnx2.datasets.shards.stream import open_location, read_shard
from mmcnx2.engine.resuming.refusal import CannotStartError
from tests.support.long_run import make_runner

ROOT = Path(__file__).parents[1]
FCMAE = ROOT / 'configs/fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py'
SCENES = ROOT / 'configs/demo/convnextv2-atto_1xb64-50e_scenes.py'
CLASSIFIER = ROOT / 'configs/convnext_v2/convnextv2-atto_64xb64-amp-coslr-300e_in1k.py'


class Harmless:
    """Stands for an attack: reading it makes a folder."""

    def __init__(self, evidence: Path):
        self.evidence = str(evidence)

    def __reduce__(self):
        return os.mkdir, (self.evidence,)


@pytest.fixture
def evidence(tmp_path) -> Path:
    """What exists once the attack has worked."""
    return tmp_path / 'code was run'


@pytest.fixture
def attack(tmp_path, evidence) -> Path:
    path = tmp_path / 'work/stranger.pth'
    path.parent.mkdir()
    weights = dict(weight=torch.zeros(1), meta=dict(iter=5, epoch=0), optimizer={})
    torch.save(dict(weights, state_dict={}, extra=Harmless(evidence)), path)
    return path


def test_the_attack_works_where_nothing_guards_against_it(attack, evidence):
    torch.load(attack, weights_only=False)
    assert evidence.is_dir()


READERS = {
    'torch.load': torch.load,
    'read_checkpoint': read_checkpoint,
    'load_from and --resume': _load_checkpoint,
    'FCMAEInferencer': lambda path: FCMAEInferencer(FCMAE, path),
    'load_encoders': lambda path: load_encoders([['V2', path]]),
    'init_cfg': lambda path: _load_checkpoint_with_prefix('backbone.', str(path)),
}


@pytest.mark.parametrize('reader', READERS)
def test_no_api_runs_code_in_a_checkpoint(reader, attack, evidence):
    with pytest.raises((CheckpointError, pickle.UnpicklingError)):
        READERS[reader](str(attack))
    assert not evidence.exists()


@pytest.mark.parametrize('reader', sorted(READERS.keys() - {'torch.load'}))
def test_no_api_takes_a_weight_with_a_changed_byte(reader, tmp_path):
    path = tmp_path / 'damaged.pth'
    torch.save(dict(state_dict={'backbone.weight': torch.full((8,), 3.0)}), path)
    data = path.read_bytes()
    three = torch.tensor(3.0).numpy().tobytes()
    path.write_bytes(data.replace(three * 8, three * 7 + torch.tensor(-3.8e36).numpy().tobytes()))
    assert torch.load(path)['state_dict']['backbone.weight'][-1] == torch.tensor(-3.8e36)
    with pytest.raises(CheckpointError, match=r"damaged.pth' is not as it was written .*data/0"):
        READERS[reader](str(path))


def test_automatic_resume_does_not_take_it_and_names_it(attack, evidence):
    with pytest.raises(CannotStartError, match=r'stranger\.pth \(it asks for .*, which could run'):
        make_runner(attack.parent, ema=False).train()
    assert not evidence.exists()


@pytest.mark.parametrize('how', ['load_from', 'resume'])
def test_no_run_begins_from_it(how, attack, evidence, tmp_path):
    runner = make_runner(tmp_path / 'run', resume=how == 'resume', load_from=str(attack), ema=False)
    with pytest.raises(CheckpointError):
        runner.train()
    assert not evidence.exists()


def test_no_model_is_built_from_it(attack, evidence):
    init_default_scope('mmpretrain')
    cfg = Config.fromfile(CLASSIFIER)
    cfg.model.backbone.init_cfg = dict(type='Pretrained', checkpoint=str(attack))
    model = MODELS.build(cfg.model)
    with pytest.raises(CheckpointError):
        model.init_weights()
    assert not evidence.exists()


# Tool, then what makes it read the checkpoint. {data} is a folder of labelled images.
DATA = ['--cfg-options', 'data_root={data}', 'train_dataloader.num_workers=0']
TOOLS = {
    'train.py': [str(SCENES), '--work-dir', '{out}', *DATA, 'load_from={attack}'],
    'train.py --resume': [str(SCENES), '--resume', '{attack}', '--work-dir', '{out}', *DATA],
    'test.py': [str(SCENES), '{attack}', '--work-dir', '{out}', *DATA],
    'model_converters/convert.py': ['{attack}', '{out}/a.pth'],
    'model_converters/publish_model.py': ['{attack}', '{out}/a.pth'],
    'deployment/export.py': [str(CLASSIFIER), '{attack}', '{out}/a.onnx'],
    'analysis_tools/knn.py': [str(SCENES), '{attack}', '-k', '1', *DATA],
    'analysis_tools/vis_predictions.py': [str(CLASSIFIER), '{attack}', '{data}/0.png'],
    'analysis_tools/feature_diversity.py': ['{data}', '--model', 'V2', '{attack}'],
    'analysis_tools/activation_maps.py': ['{data}', '--model', 'V2', '{attack}'],
    'analysis_tools/class_selectivity.py': ['{data}/imagenet/train', '--model', 'V2', '{attack}'],
    'visualization/reconstruct.py': [str(FCMAE), '{attack}', '{data}'],
}
TAKES_A_CHECKPOINT = re.compile(r'args\.checkpoint|read_checkpoint|load_encoders|args\.resume')
HANDS_IT_ON = {'benchmarks/detectors.py'}  # to train.py
FETCHES_ITS_OWN = {'model_converters/verify_zoo.py'}  # by read_checkpoint, from http(s) alone


@pytest.fixture
def data(tmp_path) -> Path:
    """Two classes of two images, and an image beside them."""
    folder = tmp_path / 'data'
    image = Image.new('RGB', (64, 64), 'teal')
    for name in ('train/a/0', 'train/b/0', 'val/a/0', 'val/b/0'):
        path = folder / f'imagenet/{name}.JPEG'
        path.parent.mkdir(parents=True)
        image.save(path)
    image.save(folder / '0.png')
    return folder


@pytest.mark.parametrize('name', TOOLS)
def test_no_tool_runs_code_in_a_checkpoint(name, attack, evidence, data, tmp_path, monkeypatch):
    words = dict(attack=attack, out=tmp_path / 'out', data=data)
    tool = name.split()[0]
    monkeypatch.setattr(sys, 'argv', [tool, *(word.format(**words) for word in TOOLS[name])])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as refusal:
        runpy.run_path(str(ROOT / 'tools' / tool), run_name='__main__')
    sentence = rf"error: .*checkpoint '{attack}' .*could run code .it asks for posix.mkdir.*[.]"
    assert re.fullmatch(sentence, str(refusal.value)), refusal.value
    assert not evidence.exists()


def test_every_tool_that_takes_a_checkpoint_is_tried():
    takes = {
        path.relative_to(ROOT / 'tools').as_posix()
        for path in (ROOT / 'tools').rglob('*.py')
        if TAKES_A_CHECKPOINT.search(path.read_text())
    }
    assert takes - FETCHES_ITS_OWN - HANDS_IT_ON == {name.split()[0] for name in TOOLS}


def test_no_file_of_the_project_reads_pickles_in_another_way():
    found = [
        f'{path.relative_to(ROOT)}: {line.strip()}'
        for folder in ('mmcnx2', 'tools')
        for path in (ROOT / folder).rglob('*.py')
        for line in path.read_text().splitlines()
        if ('torch.load(' in line and 'weights_only=True' not in line)
        or 'pickle.load' in line
        or 'weights_only=False' in line
    ]
    assert found == []


def test_an_archive_writes_nothing_outside_its_folder_or_within(tmp_path):
    folder = tmp_path / 'shards'
    folder.mkdir()
    with tarfile.open(folder / 'shard.tar', 'w') as archive:
        for name in ('../outside.jpg', '/tmp/../absolute.jpg', 'a/../../up.jpg'):
            member = tarfile.TarInfo(name)
            member.size = 3
            archive.addfile(member, io.BytesIO(b'abc'))
        link = tarfile.TarInfo('link.jpg')
        link.type, link.linkname = tarfile.SYMTYPE, '/etc/passwd'
        archive.addfile(link)
    before = sorted(tmp_path.rglob('*'))
    samples = list(read_shard(str(folder / 'shard.tar'), start=0, stop=3))
    assert [sample.get('jpg') for sample in samples] == [b'abc'] * 3
    assert sorted(tmp_path.rglob('*')) == before


@pytest.mark.parametrize('url', ['file:///etc/passwd', 'ftp://host/a.tar', 'pipe:touch /tmp/x'])
def test_addresses_are_http_or_https(url, tmp_path):
    with pytest.raises(ValueError, match=r'only http|http\(s\)'):
        download(url, tmp_path)
    with pytest.raises(ValueError, match=r'http\(s\)'):
        open_location(url)
