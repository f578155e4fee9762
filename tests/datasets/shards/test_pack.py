"""Packing: every image's own bytes once, in an order of the seed, whatever interrupts it."""

import io
import json
import tarfile
import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmcnx2.datasets.shards import pack as packing
from mmcnx2.datasets.shards.pack import PackSettings, pack
from mmcnx2.datasets.shards.recompress import Recompression
from mmcnx2.datasets.shards.verify import verify
from tests.support.pictures import encode, photograph
from tests.support.shards import write_images


def members(shards: Path) -> dict[str, bytes]:
    """The files in all shards, in their order."""
    contents = {}
    for path in sorted(shards.glob('*.tar')):
        with tarfile.open(path) as file:
            contents.update({info.name: file.extractfile(info).read() for info in file})
    return contents


def sources(shards: Path) -> list[str]:
    """The names of the packed files, in their order."""
    packed = members(shards)
    return [json.loads(packed[name])['path'] for name in packed if name.endswith('.json')]


@pytest.fixture
def images(tmp_path) -> Path:
    write_images(tmp_path / 'images', 12)
    return tmp_path / 'images'


def test_packs_every_file_as_it_is_under_its_number(images, tmp_path):
    index = pack(images, tmp_path / 'out', PackSettings(5), progress=False)
    assert [shard.images for shard in index.shards] == [5, 5, 2]
    packed = members(tmp_path / 'out')
    assert len(packed) == 24
    for number in range(12):
        path = json.loads(packed[f'{number:09d}.json'])['path']
        assert packed[f'{number:09d}.jpg'] == (images / path).read_bytes(), path
    assert len(set(sources(tmp_path / 'out'))) == 12


def test_labels_are_the_numbers_of_the_sorted_folders(images, tmp_path):
    index = pack(images, tmp_path / 'out', PackSettings(labels=True), progress=False)
    assert index.classes == ['a', 'b']
    packed = members(tmp_path / 'out')
    for number in range(12):
        path = json.loads(packed[f'{number:09d}.json'])['path']
        assert packed[f'{number:09d}.cls'] == dict(a=b'0', b=b'1')[path[0]], path


def test_images_outside_the_classes_are_refused(images, tmp_path):
    (images / 'loose.jpg').write_bytes(encode(photograph(9, 9), 'JPEG'))
    with pytest.raises(ValueError, match=r"'loose.jpg' lies in no class folder"):
        pack(images, tmp_path / 'out', PackSettings(labels=True), progress=False)


def test_the_seed_sets_the_order(images, tmp_path):
    orders = {}
    for seed in (None, 0, 1):
        pack(images, tmp_path / str(seed), PackSettings(seed=seed), progress=False)
        orders[seed] = sources(tmp_path / str(seed))
    assert orders[None] == sorted(orders[0]) == sorted(orders[1])
    assert orders[None] != orders[0] != orders[1] != orders[None]


def test_names_may_hold_anything(tmp_path):
    names = ['a.b.c.jpg', 'a.jpg', 'a.png', 'sp ace/ü.JPEG', 'sp ace/ü.jpg']
    for name in names:
        (tmp_path / 'images' / name).parent.mkdir(parents=True, exist_ok=True)
        format = 'PNG' if name.endswith('png') else 'JPEG'
        (tmp_path / 'images' / name).write_bytes(encode(photograph(9, 9), format))
    index = pack(tmp_path / 'images', tmp_path / 'out', PackSettings(), progress=False)
    assert index.images == 5
    assert sorted(sources(tmp_path / 'out')) == names


def test_files_that_are_no_images_are_left_out_and_listed(images, tmp_path):
    (images / 'a/empty.jpg').touch()
    (images / 'a/text.png').write_text('no image')
    (images / 'b/half.jpg').write_bytes((images / 'a/000.jpg').read_bytes()[:-200])
    index = pack(images, tmp_path / 'out', PackSettings(4, seed=None), progress=False)
    assert index.images == 12
    assert index.left_out == ['a/empty.jpg', 'a/text.png', 'b/half.jpg']
    assert not verify(tmp_path / 'out', progress=False)


def test_no_image_at_all_is_an_error(tmp_path):
    (tmp_path / 'images').mkdir()
    (tmp_path / 'images/a.jpg').write_text('no image')
    with pytest.raises(ValueError, match='none of the 1 files'):
        pack(tmp_path / 'images', tmp_path / 'out', PackSettings(), progress=False)


def test_the_shards_do_not_depend_on_the_number_of_processes(images, tmp_path):
    for workers in (1, 2):
        pack(images, tmp_path / str(workers), PackSettings(5), workers=workers, progress=False)
    for path in sorted((tmp_path / '1').iterdir()):
        assert path.read_bytes() == (tmp_path / '2' / path.name).read_bytes(), path.name


def test_what_is_complete_is_left_alone(images, tmp_path):
    first = pack(images, tmp_path / 'out', PackSettings(5), progress=False)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / 'out').iterdir()}
    assert pack(images, tmp_path / 'out', PackSettings(5), progress=False) == first
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / 'out').iterdir()}


def test_goes_on_where_it_was_stopped(images, tmp_path, monkeypatch):
    pack(images, tmp_path / 'whole', PackSettings(3), progress=False)
    write = packing._write_shard
    written = []

    def stop_at_third(job):
        written.append(job.number)
        if len(written) == 3:
            (job.out / 'images-000002.tar.part').write_bytes(b'half a shard')
            raise KeyboardInterrupt
        return write(job)

    monkeypatch.setattr(packing, '_write_shard', stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        pack(images, tmp_path / 'out', PackSettings(3), progress=False)
    with (tmp_path / 'out/progress.jsonl').open('a') as file:
        file.write('{"number": 2, "sh')  # as a crash leaves it
    (tmp_path / 'out/images-000000.tar').write_bytes(b'lost by a full disk')
    pack(images, tmp_path / 'out', PackSettings(3), progress=False)
    assert written == [0, 1, 2, 0, 2, 3]
    names = {path.name for path in (tmp_path / 'whole').iterdir()}
    assert {path.name for path in (tmp_path / 'out').iterdir()} == names
    for name in names:
        assert (tmp_path / 'out' / name).read_bytes() == (tmp_path / 'whole' / name).read_bytes()


def test_survives_a_kill(images, tmp_path):
    write_images(images, 150)
    pack(images, tmp_path / 'whole', PackSettings(3), progress=False)
    out = tmp_path / 'out'
    process = get_context('fork').Process(
        target=pack, args=(images, out, PackSettings(3)), kwargs=dict(progress=False)
    )
    process.start()
    while len(list(out.glob('*.tar'))) < 5 and process.is_alive():
        time.sleep(0.001)
    process.kill()
    process.join()
    kept = {path: path.stat().st_mtime_ns for path in out.glob('*.tar')}
    assert 5 <= len(kept) < 50, 'it was not killed half-way'
    pack(images, out, PackSettings(3), progress=False)
    again = [path.name for path, time in kept.items() if path.stat().st_mtime_ns != time]
    assert len(again) <= 1, f'{again} were written again'  # the last may miss its line in the log
    for path in (tmp_path / 'whole').iterdir():
        assert (out / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize('finished', [True, False])
def test_another_set_in_the_folder_is_refused(images, tmp_path, finished, monkeypatch):
    if finished:
        pack(images, tmp_path / 'out', PackSettings(5), progress=False)
    else:
        (tmp_path / 'out').mkdir()
        (tmp_path / 'out/progress.jsonl').write_text('{"plan": "another"}\n')
    with pytest.raises(FileExistsError, match='other files or settings'):
        pack(images, tmp_path / 'out', PackSettings(4), progress=False)


@pytest.mark.parametrize('wrong', [dict(images_per_shard=0)])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValueError, match='at least 1'):
        PackSettings(**wrong)


class TestVerify:
    @pytest.fixture
    def shards(self, images, tmp_path) -> Path:
        pack(images, tmp_path / 'out', PackSettings(5), progress=False)
        return tmp_path / 'out'

    def test_finds_nothing_wrong_with_new_shards(self, shards):
        assert verify(shards, progress=False) == []

    def test_names_missing_short_and_changed_shards(self, shards):
        (shards / 'images-000000.tar').unlink()
        short = shards / 'images-000001.tar'
        short.write_bytes(short.read_bytes()[:-512])
        changed = shards / 'images-000002.tar'
        data = bytearray(changed.read_bytes())
        data[1000] ^= 1
        changed.write_bytes(data)
        problems = verify(shards, progress=False)
        for problem, name, reason in zip(
            problems,
            ('images-000000', 'images-000001', 'images-000002'),
            ('missing', 'bytes, but', 'checksum'),
            strict=True,
        ):
            assert name in problem and reason in problem


class TestRecompression:
    photo = encode(photograph(200, 300), 'JPEG', quality=96, subsampling=0)

    def pixels(self, data: bytes) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(data)).convert('RGB')).astype(int)

    def test_makes_files_smaller_and_changes_little(self):
        smaller = Recompression(quality=90)(self.photo)
        assert len(smaller) < 0.7 * len(self.photo)
        error = np.abs(self.pixels(smaller) - self.pixels(self.photo))
        assert error.mean() < 6, f'off by {error.mean():.1f} of 255 on average'

    def test_reduces_to_the_short_side(self):
        small = Image.open(io.BytesIO(Recompression(short_side=50)(self.photo)))
        assert small.size == (75, 50)
        box = Image.open(io.BytesIO(self.photo)).resize((75, 50), Image.Resampling.BICUBIC)
        error = np.abs(np.asarray(small).astype(int) - np.asarray(box))
        assert error.mean() < 6

    def test_leaves_what_would_not_shrink(self):
        assert Recompression(quality=99)(encode(photograph(60, 60), 'JPEG', quality=50)) is None
        assert Recompression(short_side=200)(self.photo) is None

    def test_turns_pictures_upright(self):
        data = encode(photograph(200, 300), 'JPEG', quality=96, orientation=6)
        assert Image.open(io.BytesIO(Recompression(quality=50)(data))).size == (200, 300)

    def test_packs_smaller_files(self, images, tmp_path):
        settings = PackSettings(5, recompression=Recompression(quality=20))
        pack(images, tmp_path / 'out', settings, progress=False)
        packed = members(tmp_path / 'out')
        for name, data in packed.items():
            if name.endswith('.jpg'):
                path = json.loads(packed[name.replace('.jpg', '.json')])['path']
                assert len(data) < (images / path).stat().st_size, path

    @pytest.mark.parametrize('wrong', [dict(quality=0), dict(quality=101), dict(short_side=0)])
    def test_wrong_settings_are_refused(self, wrong):
        with pytest.raises(ValueError, match='expected'):
            Recompression(**wrong)


@pytest.mark.parametrize(
    ('name', 'content'),
    [('images-000000.tar', b'mine'), ('progress.jsonl', b'not ours\n'), ('progress.jsonl', b'')],
    ids=['shard', 'log', 'empty log'],
)
def test_a_folder_with_somebody_elses_files_is_refused(name, content, images, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / name).write_bytes(content)
    with pytest.raises(FileExistsError, match='left as it is'):
        pack(images, tmp_path / 'out', PackSettings(5), progress=False)
    assert [path.name for path in (tmp_path / 'out').iterdir()] == [name]
    assert (tmp_path / 'out' / name).read_bytes() == content
