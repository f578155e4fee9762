"""The page is one file, shows what it was given, and nothing that is text is taken for HTML."""

import re

import pytest
from matplotlib.figure import Figure

from mmcnx2.analysis.report.page import Page, Picture, Section
from mmcnx2.analysis.report.verdict import Finding


def picture(alt: str, kind: str) -> Picture:
    figure = Figure(figsize=(2, 1))
    figure.add_subplot().plot([1, 3, 2])
    return Picture.of(figure, alt, kind=kind)


def page(**parts) -> str:
    return Page(title='a < b', **dict(dict(findings=()), **parts)).html()


def test_text_is_text():
    table = [['head', '<i>'], ['x & y', '3']]
    html = page(
        findings=[Finding('collapsed', '<b>', 'x < 0.1')],
        commands=[('go', 'mmcnx2 "a b"')],
        sections=[Section(title='<u>', table=table, note='</p>')],
    )
    body = html.partition('<body>')[2]
    assert '<h1>a &lt; b</h1>' in body
    assert '<strong>Collapsed.</strong> &lt;b&gt;' in body and 'grave' in body
    for raw in ('<i>', '<u>', '<b>', '</p></p>'):
        assert raw not in body
    assert '<td>x &amp; y</td><td>3</td>' in body


@pytest.mark.parametrize('kind', ['svg', 'png', 'jpeg'])
def test_pictures_are_inside(kind):
    html = page(sections=[Section(title='s', pictures=[picture('a curve', kind)])])
    (source,) = re.findall(r'<img src="([^"]*)" alt="a curve">', html)
    assert source.startswith('data:image/')
    assert not re.findall(r'(?:src|href)="(?!data:)', html), 'something lies outside'


def test_a_picture_may_come_from_a_file(tmp_path):
    file = tmp_path / 'a.png'
    file.write_bytes(b'png')
    assert Picture.read(file, 'a') == Picture('data:image/png;base64,cG5n', 'a')


def test_a_notice_and_the_story_are_text():
    html = page(notice='A <smoke> run.', story='less < more')
    assert '<strong>A &lt;smoke&gt; run.</strong>' in html and 'less &lt; more' in html


def test_good_news_is_not_shown_as_bad():
    assert 'class="verdict grave"' not in page(findings=[Finding('learning', 's', 'r', good=True)])
    assert 'Too early to say' in page()
