"""Links between pages, to files and to headings lead somewhere, here and on the site."""

import re

import pytest

from tests.support.command_line import ROOT
from tests.support.pages import PAGES, anchors, links

ADDRESS = re.compile(r'[a-z]+:')


@pytest.mark.parametrize('page', PAGES)
def test_every_link_leads_somewhere(page):
    for link in links(page):
        if ADDRESS.match(link):
            assert link.startswith('https://'), link
            continue
        path, _, anchor = link.partition('#')
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), f'{page}: {link}'
        if anchor:
            there = target.resolve().relative_to(ROOT).as_posix()
            assert anchor in anchors(there), f'{page}: {link} is none of {sorted(anchors(there))}'


def test_links_are_found():
    assert 'docs/command.md' in links('README.md')
    assert 'docs/images/demo.png' in links('README.md')


def test_anchors_are_those_that_github_makes():
    assert 'v1-dinov3s-and-others' in anchors('docs/checkpoints.md')
    assert 'your-own-data-mask-r-cnn' in anchors('docs/transfer.md')


def test_every_page_can_be_reached_from_the_readme():
    reached, ahead = set(), ['README.md']
    while ahead:
        page = ahead.pop()
        if page in reached:
            continue
        reached.add(page)
        for link in links(page):
            target = ((ROOT / page).parent / link.partition('#')[0]).resolve()
            if target.suffix == '.md' and target.is_relative_to(ROOT):
                ahead.append(target.relative_to(ROOT).as_posix())
    assert {page for page in PAGES if page.startswith('docs/')} <= reached
