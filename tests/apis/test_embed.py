"""mmcnx2 embed: a file of vectors, exactly once each; neighbors and near-duplicates of a folder."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import ImageOps

import mmcnx2
from mmcnx2.analysis.embedding import Embedder
from mmcnx2.analysis.embedding_table import ENDINGS, EmbeddingTable
from mmcnx2.apis import embedding
from mmcnx2.checkpoints.integrity import sha256_of
from mmcnx2.nn import ConvNeXtV2
from tests.support.pictures import photograph

SIZE = 32


@pytest.fixture(scope='module')
def weights(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp('weights') / 'w.pth'
    torch.manual_seed(0)
    net = ConvNeXtV2(dict(depths=(1, 1, 1, 1), channels=(8, 16, 32, 64)), final_norm=False)
    torch.save({f'backbone.{k}': v for k, v in net.state_dict().items()}, path)
    return path


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / 'photos'
    (folder / 'deep').mkdir(parents=True)
    for i in range(6):
        photograph(40, 48, seed=i).save(folder / ('deep' if i % 2 else '') / f'{i}.png')
    return folder


@pytest.fixture
def embed(weights, tmp_path, monkeypatch):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')

    def call(folder, out='e.parquet', **options) -> EmbeddingTable:
        options = dict(size=SIZE, batch_size=2, device='cpu', from_=weights) | options
        mmcnx2.embed(folder, out=tmp_path / out, **options)
        return EmbeddingTable.read(tmp_path / out)

    return call


@pytest.fixture
def computed(monkeypatch) -> list[str]:
    """Paths that were given to the network."""
    seen, stream = [], Embedder.stream

    def watched(self, paths, **options):
        for part in stream(self, paths, **options):
            seen.extend(part[0])
            yield part

    monkeypatch.setattr(Embedder, 'stream', watched)
    return seen


@pytest.mark.parametrize('ending', ENDINGS)
def test_every_picture_has_a_vector(ending, embed, folder, weights, capsys):
    table = embed(folder, f'e{ending}')
    assert table.paths == sorted(map(str, folder.rglob('*.png')), key=lambda p: p.split('/'))
    assert table.vectors.shape == (6, 64)
    assert len(np.unique(table.vectors, axis=0)) == 6
    assert table.model == sha256_of(weights)
    assert table.settings == 'stage 4, mean, 32 px'
    assert 'Wrote 6 vectors of 64 numbers' in capsys.readouterr().out


def test_a_stopped_embedding_goes_on(embed, folder, computed, monkeypatch, tmp_path):
    whole = embed(folder, 'whole.parquet')
    computed.clear()
    with monkeypatch.context() as patched:
        add = embedding.tqdm.update

        def stop(bar, n):
            add(bar, n)
            if bar.n == 4:
                raise KeyboardInterrupt

        patched.setattr(embedding.tqdm, 'update', stop)
        with pytest.raises(KeyboardInterrupt):
            embed(folder)
    assert not (tmp_path / 'e.parquet').exists()
    again = embed(folder)
    assert sorted(computed) == sorted(whole.paths), 'each once'
    assert again.paths == whole.paths
    np.testing.assert_allclose(again.vectors, whole.vectors, rtol=1e-4, atol=1e-6)
    assert not list(tmp_path.glob('.*'))


def test_only_what_is_new_is_computed(embed, folder, computed):
    embed(folder)
    computed.clear()
    photograph(40, 40, seed=9).save(folder / 'new.png')
    assert len(embed(folder).paths) == 7
    assert computed == [str(folder / 'new.png')]
    computed.clear()
    assert embed(folder, stage=3).vectors.shape == (7, 32)
    assert len(computed) == 7, 'other settings have other vectors'


def test_what_cannot_be_read_is_named(embed, folder, caplog, capsys):
    (folder / '3.jpg').write_bytes(b'no image')
    assert len(embed(folder).paths) == 6
    assert "3.jpg' cannot be read and is left out: 8 bytes" in caplog.text
    assert '; 1 that cannot be read are left out.' in capsys.readouterr().out
    for path in folder.rglob('*.png'):
        path.unlink()
    with pytest.raises(ValueError, match='none of the pictures can be read'):
        embed(folder, 'other.parquet')


def test_neighbors_leave_the_picture_itself_out(embed, folder, capsys, tmp_path):
    shutil.copy(folder / '2.png', folder / 'copy.png')
    embed(folder, neighbors=folder / '2.png', k=3)
    lines = capsys.readouterr().out.splitlines()[-3:]
    assert lines[0].split() == ['1.000', str(folder / 'copy.png')]
    assert str(folder / '2.png') not in ' '.join(lines)
    (tmp_path / 'broken.png').write_bytes(b'no image')
    with pytest.raises(ValueError, match=r"broken\.png' cannot be read as an image"):
        embed(folder, neighbors=tmp_path / 'broken.png')


def test_near_duplicates_are_written(embed, tmp_path, capsys):
    folder = tmp_path / 'many'
    folder.mkdir()
    for i in range(40):
        photograph(40, 40, seed=i).save(folder / f'{i:02d}.png')
    ImageOps.mirror(photograph(40, 40, seed=5)).save(folder / 'mirror.png')
    shutil.copy(folder / '07.png', folder / 'copy.png')
    embed(folder, duplicates=True, size=64)
    with open(tmp_path / 'e.duplicates.csv', newline='') as file:
        rows = {(Path(row['path']).name, Path(row['duplicate']).name): row['mirrored']
                for row in csv.DictReader(file)}  # fmt: skip
    assert rows == {('07.png', 'copy.png'): 'False', ('05.png', 'mirror.png'): 'True'}
    assert '2 pairs of near-duplicates' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        (dict(out='e.json'), 'ends in none of'),
        (dict(from_='nowhere.pth'), 'nowhere.pth'),
        (dict(stage=5), 'stage=5, but .* has 4 stages'),
        (dict(size=16), 'size=16, but .* takes 32 px or more'),
        (dict(neighbors='nowhere.png'), "'nowhere.png' does not exist"),
    ],
)
def test_what_cannot_be_done_leaves_no_trace(options, said, embed, folder, tmp_path):
    with pytest.raises((OSError, ValueError), match=said):
        embed(folder, **options)
    assert [path.name for path in tmp_path.iterdir()] == ['photos']
