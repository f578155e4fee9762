"""An exported model's results are in the picture's own pixels."""

import numpy as np
import pytest
from PIL import Image

pytest.importorskip('onnxruntime')

from mmcnx2.apis.exported.model import ExportedModel, open_picture
from tests.support.onnx_files import (
    write_classifier,
    write_constants,
    write_detector,
    write_segmentor,
)

PICTURE = Image.new('RGB', (80, 60))


def test_boxes_and_masks_are_scaled_back(tmp_path):
    found = ExportedModel.open(write_detector(tmp_path / 'net.onnx'))(PICTURE)
    assert found['boxes'].tolist() == [[8, 6, 40, 30], [0, 0, 16, 24]]
    assert found['masks'].shape == (2, 60, 80)
    assert found['masks'][0, 6:30, 8:40].all() and found['masks'][0].sum() == 24 * 32


def test_no_objects_have_no_masks(tmp_path):
    nothing = dict(
        boxes=np.zeros((0, 4), np.float32), scores=np.zeros(0, np.float32),
        labels=np.zeros(0, np.int64), masks=np.zeros((0, 20, 40), bool),
    )  # fmt: skip
    write_constants(tmp_path / 'net.onnx', nothing, kind='detector')
    assert ExportedModel.open(tmp_path / 'net.onnx')(PICTURE)['masks'].shape == (0, 60, 80)


def test_labels_are_those_of_the_nearest_pixel(tmp_path):
    labels = ExportedModel.open(write_segmentor(tmp_path / 'net.onnx'))(PICTURE)['labels']
    assert labels.shape == (60, 80)
    assert (labels[:, :40] == 0).all() and (labels[:, 40:] == 2).all()


def test_scores_of_a_classifier_sum_to_one(tmp_path):
    scores = ExportedModel.open(write_classifier(tmp_path / 'net.onnx'))(PICTURE)['scores']
    np.testing.assert_allclose(scores, np.exp([0, 3, 1]) / np.exp([0, 3, 1]).sum(), rtol=1e-6)


def test_files_that_are_none_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no\.onnx' does not exist: give a file of"):
        ExportedModel.open(tmp_path / 'no.onnx')
    (tmp_path / 'text.onnx').write_text('hello')
    with pytest.raises(ValueError, match=r"text\.onnx' is no ONNX file that onnxruntime runs"):
        ExportedModel.open(tmp_path / 'text.onnx')
    import onnx

    model = onnx.load(write_classifier(tmp_path / 'net.onnx'))
    del model.metadata_props[:]
    onnx.save(model, tmp_path / 'other.onnx')
    with pytest.raises(ValueError, match=r"other\.onnx' was not written by `mmcnx2 export`"):
        ExportedModel.open(tmp_path / 'other.onnx')


def test_a_picture_is_turned_as_its_camera_says(tmp_path):
    turned = Image.new('RGB', (4, 2))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / 'a.jpg', exif=exif)
    assert open_picture(tmp_path / 'a.jpg').size == (2, 4)
    (tmp_path / 'b.jpg').write_text('hello')
    with pytest.raises(ValueError, match=r"b\.jpg' cannot be read as an image"):
        open_picture(tmp_path / 'b.jpg')
