"""Labels in other forms: YOLO's, colored masks, tables; files of the run tell training."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from mmengine.config import Config
from PIL import Image
from pyarrow.parquet import write_table

import mmcnx2
from tests.support.pictures import photograph
from tests.support.toy import ARCH

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


def test_a_table_may_say_what_validates(images, options):
    table = images.parent / 'labels.csv'
    rows = [f'images/{n}.png,{n % 2},{"val" if n > 2 else "train"}' for n in range(5)]
    table.write_text('\n'.join(['path,label,split', *rows]))
    with pytest.raises(ValueError, match='says it: leave it out'):
        mmcnx2.finetune(table, val='0.5', **options)
    run = mmcnx2.finetune(table, **options)
    assert Path(run.folder, 'val.txt').read_text() == '3.png 1\n4.png 0\n'


@pytest.mark.parametrize(
    'lines',
    [
        ['path,label', *(f'images/{n}.png,{"cat|dog" if n else "cat"}' for n in range(5))],
        ['path,label_1,label_2', *(f'images/{n}.png,cat,{"dog" if n else ""}' for n in range(5))],
        ['path,cat,dog', *(f'images/{n}.png,1,{int(n > 0)}' for n in range(5))],
        ['path,label', *(f'images/{n}.png,cat' for n in range(5)),
         *(f'images/{n}.png,dog' for n in range(1, 5))],
    ],
    ids=['separated', 'several columns', 'a class a column', 'several rows'],
)  # fmt: skip
def test_several_labels_an_image_are_learnt_each_by_itself(lines, images, options, capsys):
    table = images.parent / 'labels.csv'
    table.write_text('\n'.join(lines))
    run = mmcnx2.finetune(table, **options)
    assert '4 of 5 images have several labels: each is learnt by itself' in capsys.readouterr().out
    cfg = Config.fromfile(run.config)
    assert cfg.model.head.type == 'MultiLabelLinearClsHead' and cfg.model.num_classes == 2
    assert [each.type for each in cfg.val_evaluator] == [
        'mmcnx2.EachClassPrecision', 'MultiLabelMetric'
    ]  # fmt: skip
    listed = [json.loads(Path(loader.dataset.ann_file).read_text())['data_list']
              for loader in (cfg.train_dataloader, cfg.val_dataloader)]  # fmt: skip
    assert [len(entries) for entries in listed] == [4, 1]
    labels = {entry['img_path']: entry['gt_label'] for entry in sum(listed, [])}
    assert labels == {f'{n}.png': [0, 1] if n else [0] for n in range(5)}


@pytest.mark.slow
def test_several_labels_are_trained_scored_and_predicted(images, options, tmp_path, capsys):
    table = images.parent / 'labels.csv'
    rows = [f'images/{n}.png,{"cat|dog" if n % 2 else "cat"},{"val" if n > 2 else "train"}'
            for n in range(5)]  # fmt: skip
    table.write_text('\n'.join(['path,label,split', *rows]))
    options |= dict(config_only=False, workers=0, epochs=1, batch_size=3)
    run = mmcnx2.finetune(table, set={'model.backbone.arch': ARCH}, **options)
    capsys.readouterr()
    mmcnx2.test(run.folder, device='cpu')
    said = capsys.readouterr().out
    assert all(f'{name}: ' in said for name in ('mAP', 'AP cat', 'AP dog', 'f1-score'))
    mmcnx2.predict(run.folder, images, out=tmp_path / 'drawn', device='cpu')
    (predicted,) = (tmp_path / 'drawn').glob('*.csv')
    lines = predicted.read_text().splitlines()
    assert lines[0] == 'image,class,score,score of cat,score of dog' and len(lines) == 6


def test_class_folders_of_one_name_in_several_folders_are_one_class(tmp_path, options, capsys):
    for place in ('a/cat', 'a/dog', 'b/train/cat', 'b/train/cow', 'b/val/cat'):
        (tmp_path / place).mkdir(parents=True)
        photograph(64, 64, seed=0).save(tmp_path / place / '0.png')
    both = [tmp_path / 'a', tmp_path / 'b']
    with pytest.raises(ValueError, match="val is '0.5'.*leave it out"):
        mmcnx2.finetune(both, val='0.5', **options)
    run = mmcnx2.finetune(both, **options)
    said = capsys.readouterr().out
    assert f"'{tmp_path}/a' holds 2 images: cat 1, dog 1." in said
    assert f"'{tmp_path}/b' holds 3 images: cat 2, cow 1." in said
    train = Path(run.folder, 'train.txt').read_text()
    assert train == 'a/cat/0.png 0\na/dog/0.png 2\nb/train/cat/0.png 0\nb/train/cow/0.png 1\n'
    assert Path(run.folder, 'val.txt').read_text() == 'b/val/cat/0.png 0\n'


def test_images_and_labels_in_one_parquet(images, options, tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    cells = [dict(bytes=(images / f'{n}.png').read_bytes(), path=None) for n in range(5)]
    write_table(pa.table(dict(image=cells, label=['dog', 'cat'] * 2 + ['dog'])),
                tmp_path / 'a.parquet')  # fmt: skip
    run = mmcnx2.finetune(tmp_path / 'a.parquet', **options)
    dataset = Config.fromfile(run.config).train_dataloader.dataset
    assert (dataset.data_root, tuple(dataset.metainfo.classes)) == (
        str(tmp_path), ('cat', 'dog')
    )  # fmt: skip
    assert set(Path(dataset.ann_file).read_text().split('\n')) <= {
        *(f'a.parquet/{n} {1 - n % 2}' for n in range(5)), ''
    }  # fmt: skip
