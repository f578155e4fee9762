"""Pre-training on what lies in a bucket goes on as on folders of this machine."""

import io
import tarfile
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

import mmcnx2
from tests.support.bucket import bucket
from tests.support.pictures import encode, photograph
from tests.support.toy import ARCH

PICTURES = {f'{i:03d}.jpg': encode(photograph(64, 64, seed=i), 'JPEG') for i in range(4)}


def packed() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w') as tar:
        for name, data in PICTURES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture(scope='module')
def root():
    files = {f'a/{name}': data for name, data in PICTURES.items()}
    with bucket(files | {'tars/0.tar': packed()}, name='to-train-on') as address:
        yield address


@pytest.fixture
def options(monkeypatch, tmp_path):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    settings = {'model.backbone.arch': ARCH, 'model.neck.embed_dims': 16}
    return dict(batch_size=2, workers=1, device='cpu', set=settings)


def trained_twice(images, out, options) -> tuple[dict, Config]:
    """Train to the first epoch, go on to the second; returns the weights and the config."""
    mmcnx2.pretrain(images, out=out, epochs=1, **options)
    run = mmcnx2.pretrain(images, out=out, epochs=2, **options)
    saved = torch.load(run.checkpoint, weights_only=False)
    assert saved['meta']['epoch'] == 2
    return saved['state_dict'], Config.fromfile(run.config)


@pytest.mark.slow
def test_a_bucket_trains_as_the_same_folder_does(root, tmp_path, options, capsys):
    (tmp_path / 'a').mkdir()
    for name, data in PICTURES.items():
        (tmp_path / 'a' / name).write_bytes(data)
    away, cfg = trained_twice(f'{root}/a', tmp_path / 'run-away', options)
    assert f"Found 4 images below '{root}/a' (4 .jpg)" in capsys.readouterr().out
    dataset = cfg.train_dataloader.dataset
    assert dataset.data_root == f'{root}/a'
    assert Path(dataset.ann_file).read_text().split() == list(PICTURES)
    here, _ = trained_twice(tmp_path / 'a', tmp_path / 'run-here', options)
    assert all(torch.equal(away[name], weight) for name, weight in here.items())


@pytest.mark.slow
def test_tar_files_in_a_bucket_are_counted_once_and_the_run_keeps_their_index(
    root, tmp_path, options, capsys
):
    _, cfg = trained_twice(f'{root}/tars', tmp_path / 'run', options)
    assert f"Found 4 images in 1 shards of '{root}/tars'" in capsys.readouterr().out
    assert cfg.train_dataloader.dataset.index == str(tmp_path / 'run/index.json')
    assert len(list((tmp_path / 'cache/mmcnx2/shards').iterdir())) == 1
