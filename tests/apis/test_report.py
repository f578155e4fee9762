"""mmcnx2 report: a verdict, the run's curves, pictures and features, in one small file."""

import re
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest
from demo.scenes import SceneSettings, build

import mmcnx2
from mmcnx2.analysis.report.verdict import Finding
from mmcnx2.apis import Run
from mmcnx2.apis.report import make_report
from mmcnx2.apis.report_commands import commands_of
from tests.support.browser import look_at
from tests.support.small_runs import BACKBONE, SMALL

LOGGED = {'default_hooks.logger.interval': 1}
SETTINGS = dict(batch_size=4, workers=0, device='cpu')
MANY = 8 * 2**20


@pytest.fixture(scope='module')
def scenes(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('scenes')
    build(root, SceneSettings(size=64, unlabelled=14, train=20, val=10), workers=1, progress=False)
    return root


@pytest.fixture(scope='module')
def pretrained(scenes, tmp_path_factory) -> Run:
    return mmcnx2.pretrain(
        scenes / 'unlabelled', out=tmp_path_factory.mktemp('runs') / 'report-pre', epochs=4,
        set=BACKBONE | LOGGED | {'model.neck.embed_dims': 16}, **SETTINGS,
    )  # fmt: skip


@pytest.fixture(scope='module')
def report(pretrained) -> Path:
    mmcnx2.report(pretrained, device='cpu')
    return Path(pretrained.folder, 'report.html')


def test_the_page_holds_everything(report):
    text = report.read_text(encoding='utf-8')
    for title in ('Go on', 'Curves', 'Reconstructions', 'Features', 'Nearest neighbors', 'Map',
                  'Near-duplicates', 'Outliers', 'Data and settings', 'Versions'):  # fmt: skip
        assert f'<h2>{title}</h2>' in text, title
    assert f'<td>torch</td><td>{version("torch")}</td>' in text
    assert f'--from {report.parent}' in text


def test_the_page_is_small_and_needs_no_network(report):
    assert report.stat().st_size < MANY
    text = report.read_text(encoding='utf-8')
    outside = re.findall(r'(?:src|href)="(?!data:)[^"]*|url\(|@import|<script', text)
    assert not outside


def test_a_browser_shows_it_on_a_phone(report):
    seen = look_at(report, width=390)
    assert seen.inner == 390 and seen.outer == 390, 'something is too wide'
    assert seen.pictures >= 6 and not seen.missing
    assert not seen.complaints


def test_a_browser_tells_what_is_wrong(tmp_path):
    page = tmp_path / 'page.html'
    page.write_text(
        '<div style="width:700px">x</div><img src="nowhere.png" alt="lost">'
        '<script>console.error("bad")</script>'
    )
    seen = look_at(page, width=390)
    assert seen.outer > seen.inner == 390 and seen.missing == ['lost'] and seen.complaints


def test_a_labelled_run_shows_its_scores(scenes, tmp_path, capsys):
    run = mmcnx2.finetune(
        scenes / 'imagenet', out=tmp_path / 'report-cls', epochs=3, set=BACKBONE, **SETTINGS
    )
    page = make_report(run, images=None, count=12, device='cpu')
    titles = [section.title for section in page.sections]
    assert titles[:5] == [
        'Curves', 'Validation', 'Predictions', 'Scores by class', 'Worst pictures',
    ]  # fmt: skip
    assert 'Reconstructions' not in titles
    labels = next(section for section in page.sections if section.title == 'Labels')
    assert [row[0] for row in labels.table] == ['right, %', '9 nearest']
    assert 'Of 10 pictures of 10 classes of the validation set' in labels.note
    validation = page.sections[1]
    assert validation.table[1][0] == 'accuracy/top1'
    assert any('mmcnx2 predict' in command for _, command in page.commands)


@pytest.mark.parametrize('command', ['detect', 'segment'])
def test_predictions_stand_beside_the_truth(command, scenes, tmp_path, monkeypatch):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    images = scenes / 'coco'
    if command == 'segment':
        images = tmp_path / 'data'
        shutil.copytree(scenes / 'ade/images', images / 'images')
        shutil.copytree(scenes / 'ade/annotations', images / 'masks')
        (images / 'classes.txt').write_text(''.join(f'kind {i}\n' for i in range(17)))
    train = getattr(mmcnx2, command)
    run = train(
        images, out=tmp_path / f'report-{command}', epochs=1, set=SMALL[command], **SETTINGS
    )
    page = make_report(run, images=None, count=6, device='cpu')
    titles = [section.title for section in page.sections]
    assert titles[:5] == [
        'Curves', 'Validation', 'Predictions', 'Scores by class', 'Worst pictures',
    ]  # fmt: skip
    scored = page.sections[3].table
    assert len(scored) - 1 == {'detect': 10, 'segment': 17}[command]
    found = dict(next(s.table for s in page.sections if s.title == 'Data and settings'))
    assert found['pictures found'] == {'detect': '30', 'segment': '20'}[command], 'no masks'


@pytest.mark.parametrize(
    ('kind', 'said'),
    [
        ('still improving', '--epochs 8'),
        ('collapsed', 'default_hooks.diversity.type=mmcnx2.FeatureDiversityHook'),
        ('not learning', '--lr '),
        ('starved of data', '--workers 8'),
        ('over-fitted', '--epochs 2'),
        ('learning', 'mmcnx2 finetune'),
    ],
)
def test_every_verdict_has_a_command(kind, said, pretrained):
    _, command = commands_of(pretrained, [Finding(kind, '', '')])[0]
    assert said in command


def test_what_cannot_be_reported_is_refused(pretrained, tmp_path):
    with pytest.raises(FileNotFoundError, match='does not exist: give what stood behind --out'):
        mmcnx2.report(tmp_path / 'nowhere')
    with pytest.raises(FileNotFoundError, match='nowhere'):
        mmcnx2.report(pretrained, images=tmp_path / 'nowhere', out=tmp_path / 'r.html')
    with pytest.raises(IsADirectoryError, match='is a folder'):
        mmcnx2.report(pretrained, out=tmp_path)
    assert not list(tmp_path.iterdir())
