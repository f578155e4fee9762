"""Pre-training on several folders, lists and other people's tar files."""

import io
import shutil
import tarfile
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

import mmcnx2
from tests.support.pictures import photograph
from tests.support.toy import ARCH

TOY = {'model.backbone.arch': ARCH, 'model.neck.embed_dims': 16}


@pytest.fixture
def options(monkeypatch):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    return dict(batch_size=2, workers=0, device='cpu', set=TOY)


def save(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    for number in range(count):
        photograph(64, 64, seed=number).save(folder / f'{number}.png')
    return folder


def test_a_folder_and_an_archive_train_as_one_and_go_on_by_the_runs_list(tmp_path, options, capsys):
    shutil.make_archive(str(tmp_path / 'b'), 'zip', save(tmp_path / 'elsewhere', 2))
    places = [save(tmp_path / 'a', 2), tmp_path / 'b.zip']
    options |= dict(images=places, out=tmp_path / 'run-places')
    run = mmcnx2.pretrain(epochs=1, **options)
    assert '2 images below' in capsys.readouterr().out
    dataset = Config.fromfile(run.config).train_dataloader.dataset
    assert dataset.data_root == str(tmp_path)
    assert Path(dataset.ann_file).read_text() == 'a/0.png\na/1.png\nb.zip/0.png\nb.zip/1.png\n'
    run = mmcnx2.pretrain(epochs=2, **options)
    assert 'Cannot read' not in capsys.readouterr().out
    assert torch.load(run.checkpoint, weights_only=False)['meta']['epoch'] == 2


def test_tar_files_of_others_are_counted_once(tmp_path, options, capsys):
    (tmp_path / 'tars').mkdir()
    with tarfile.open(tmp_path / 'tars/00000.tar', 'w') as tar:
        for number in range(3):
            buffer = io.BytesIO()
            photograph(64, 64, seed=number).save(buffer, 'JPEG')
            for ending, data in (('jpg', buffer.getvalue()), ('txt', b'a caption')):
                entry = tarfile.TarInfo(f'{number:09d}.{ending}')
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
    run = mmcnx2.pretrain(tmp_path / 'tars', out=tmp_path / 'run-tars', epochs=1, **options)
    assert "Found 3 images in 1 shards of '" in capsys.readouterr().out
    assert (tmp_path / 'tars/index.json').is_file()
    assert Config.fromfile(run.config).train_dataloader.dataset.type == 'mmcnx2.ImageShards'
    assert run.arguments['size'] == 64
