"""``mmcnx2 predict model.onnx photos/``: pictures with what was found, and words."""

import json

import numpy as np
import pytest
from PIL import Image

pytest.importorskip('onnxruntime')

import mmcnx2
from tests.support.onnx_files import (
    write_classifier,
    write_constants,
    write_detector,
    write_segmentor,
)


@pytest.fixture
def photos(tmp_path):
    (tmp_path / 'photos').mkdir()
    for name in ('one.jpg', 'two.png'):
        Image.new('RGB', (80, 60), (90, 90, 90)).save(tmp_path / 'photos' / name)
    return tmp_path / 'photos'


def predict(model, photos, **options) -> dict:
    mmcnx2.predict(model, photos, out=photos.parent / 'drawn', **options)
    return json.loads((photos.parent / 'drawn/predictions.json').read_text())


def drawn(photos, name: str) -> np.ndarray:
    return np.asarray(Image.open(photos.parent / 'drawn' / name)).astype(int)


def test_a_detector(photos, tmp_path):
    said = predict(write_detector(tmp_path / 'net.onnx'), photos)
    assert said['one.jpg'] == said['two.png'] == [
        dict(label='bee', score=0.9, box=[8, 6, 40, 30])
    ]  # fmt: skip
    picture = drawn(photos, 'two.png')
    assert (picture[20, 20] != 90).any(), 'the mask is laid over'
    assert (picture[50, 70] == 90).all(), 'and nothing elsewhere'


def test_a_lower_score_shows_more(photos, tmp_path):
    said = predict(write_detector(tmp_path / 'net.onnx'), photos, score=0.1)
    assert [each['label'] for each in said['one.jpg']] == ['bee', 'ant']


def test_a_segmentor_also_writes_its_labels(photos, tmp_path):
    said = predict(write_segmentor(tmp_path / 'net.onnx'), photos)
    assert said['one.jpg'] == dict(sky=0.5, sand=0.5)
    labels = drawn(photos, 'labels/one.png')
    assert (labels[:, :40] == 0).all() and (labels[:, 40:] == 2).all()
    picture = drawn(photos, 'one.png')
    assert (picture[30, 10] != picture[30, 70]).any()


def test_a_classifier(photos, tmp_path):
    said = predict(write_classifier(tmp_path / 'net.onnx'), photos)
    assert [each['label'] for each in said['one.jpg']] == ['b', 'c', 'a']
    assert drawn(photos, 'one.png').shape == (60, 80, 3)


def test_an_encoders_maps_are_saved(photos, tmp_path):
    maps = np.arange(6, dtype=np.float32).reshape(1, 1, 2, 3)
    write_constants(tmp_path / 'net.onnx', dict(stage1=maps), kind='features')
    predict(tmp_path / 'net.onnx', photos)
    with np.load(tmp_path / 'drawn/one.npz') as saved:
        assert np.array_equal(saved['stage1'], maps)


def test_what_would_be_overwritten_is_refused(photos, tmp_path):
    model = write_classifier(tmp_path / 'net.onnx')
    with pytest.raises(ValueError, match="lies in the results' folder"):
        mmcnx2.predict(model, photos, out=photos)
    Image.new('RGB', (8, 8)).save(photos / 'one.png')
    with pytest.raises(ValueError, match=r"would both be drawn as 'one\.png'"):
        predict(model, photos)
    with pytest.raises(ValueError, match='runs on the CPU'):
        predict(model, photos, device='cuda')
