"""Labels in other forms: YOLO's, colored masks, tables; files of the run tell training."""

import json
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

import mmcnx2
from tests.support.pictures import photograph

COLORS = np.array([(128, 64, 128), (70, 130, 180)], np.uint8)


@pytest.fixture
def options(tmp_path, monkeypatch):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    return dict(out=tmp_path / 'run', device='cpu', config_only=True)


@pytest.fixture
def images(tmp_path) -> Path:
    folder = tmp_path / 'data/images'
    folder.mkdir(parents=True)
    for number in range(5):
        photograph(64, 64, seed=number).save(folder / f'{number}.png')
    return folder


def test_yolo_labels_train_a_detector(images, options, capsys):
    root = images.parent
    (root / 'labels').mkdir()
    for image in images.iterdir():
        (root / f'labels/{image.stem}.txt').write_text('0 0.5 0.5 0.5 0.5\n3 0.5 0.5 1 1\n')
    (root / 'data.yaml').write_text('train: images\nnames: [thing]\n')
    before = sorted(root.rglob('*'))
    run = mmcnx2.detect(root, **options)
    said = capsys.readouterr().out
    assert "Converted from YOLO's format" in said and '5 rows of a class without a name' in said
    cfg = Config.fromfile(run.config)
    trained = json.loads(Path(cfg.train_dataloader.dataset.ann_file).read_text())
    assert len(trained['images']) == len(trained['annotations']) == 4
    assert cfg.train_dataloader.dataset.data_prefix.img == str(images)
    assert Path(cfg.val_evaluator.ann_file) == Path(run.folder, 'val.json').absolute()
    assert sorted(root.rglob('*')) == before, 'the data are left as they are'


def test_colored_masks_become_numbers_in_the_folder_of_the_run(images, options, capsys):
    root = images.parent
    (root / 'masks').mkdir()
    for image in images.iterdir():
        labels = np.arange(64 * 64).reshape(64, 64) % 2
        Image.fromarray(COLORS[labels]).save(root / 'masks' / image.name)
    (root / 'classes.txt').write_text('road\nsky\n')
    with pytest.raises(ValueError, match='masks of .* are color pictures: say in classes.txt'):
        mmcnx2.segment(root, **options)
    (root / 'classes.txt').write_text('road 128 64 128\nsky 70 130 180\n')
    run = mmcnx2.segment(root, **options)
    assert 'Converted 5 color masks to class numbers' in capsys.readouterr().out
    dataset = Config.fromfile(run.config).train_dataloader.dataset
    assert dataset.metainfo.classes == ('road', 'sky')
    made = Path(dataset.data_prefix.seg_map_path)
    assert made == Path(run.folder, 'masks').absolute()
    mask = np.asarray(Image.open(made / '0.png'))
    assert mask.shape == (64, 64) and mask[0, :3].tolist() == [0, 1, 0]


def test_a_table_names_images_and_classes(images, options, capsys):
    table = images.parent / 'labels.csv'
    rows = [f'images/{number}.png,{"cat" if number % 2 else "dog"}' for number in range(5)]
    table.write_text('\n'.join(['path,label', *rows, 'images/9.png,cat', 'images/1.png,']))
    run = mmcnx2.finetune(table, **options)
    said = capsys.readouterr().out
    assert "1 files that are not there or no images, such as in '" in said
    assert '1 rows without a label' in said
    dataset = Config.fromfile(run.config).train_dataloader.dataset
    assert (dataset.data_root, tuple(dataset.metainfo.classes)) == (str(images), ('cat', 'dog'))
    lines = Path(dataset.ann_file).read_text().split('\n')
    assert set(lines) <= {'0.png 1', '1.png 0', '2.png 1', '3.png 0', '4.png 1', ''}
    table.write_text('\n'.join(['path,label', 'images/1.png,cat|dog']))
    with pytest.raises(ValueError, match="gives 'images/1.png' several labels"):
        mmcnx2.finetune(table, **options)


def test_a_table_may_say_what_validates(images, options):
    table = images.parent / 'labels.csv'
    rows = [f'images/{n}.png,{n % 2},{"val" if n > 2 else "train"}' for n in range(5)]
    table.write_text('\n'.join(['path,label,split', *rows]))
    with pytest.raises(ValueError, match='says it: leave it out'):
        mmcnx2.finetune(table, val='0.5', **options)
    run = mmcnx2.finetune(table, **options)
    assert Path(run.folder, 'val.txt').read_text() == '3.png 1\n4.png 0\n'
