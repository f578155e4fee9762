"""Each dependency has its reason in its line; the families of the toolboxes are whole."""

import re

import pytest

from mmcnx2.compat.onedl import OFFICIAL, ONEDL
from tests.support.command_line import ROOT

SETUP = (ROOT / 'setup.py').read_text()
EXTRAS = SETUP.partition('OFFICIAL = [')[2].partition('URLS = {')[0]
REQUIRED = SETUP.partition('install_requires=[')[2].partition(']')[0]
LINES = [
    *re.findall(r"^ +'[\w-]+(?:\[\w+\])?(?:[<>=].*)?',.*$", EXTRAS + REQUIRED, re.MULTILINE),
    *re.findall(r"^(?:[A-Z]+ =| +'\w+':) \['.*$", EXTRAS, re.MULTILINE),
]


def test_there_are_lines():
    assert len(LINES) > 40 and any("'torch>=" in line for line in LINES)


@pytest.mark.parametrize('line', LINES)
def test_what_is_asked_for_says_why(line):
    assert re.search(r'  # \w', line)


def test_every_pinned_package_says_why():
    lines = re.findall(r'^\w.*$', (ROOT / 'requirements.txt').read_text(), re.MULTILINE)
    told = {line.split('==')[0] for line in lines if re.search(r'  # \w', line)}
    assert told == {line.split('==')[0] for line in lines}


def test_the_lock_has_every_pin_and_a_hash_of_each_package():
    """`make lock` writes it, `pip install --require-hashes -r requirements.lock` reads it."""
    lock = (ROOT / 'requirements.lock').read_text()
    entries = re.findall(r'^(\S+==[^\s;]+)(.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)+)', lock, re.M)
    assert {name for name, _ in entries} == {*re.findall(r'^\w\S+==[^\s;]+', lock, re.M)}
    pins = re.findall(r'^\w\S+==[^\s;]+', (ROOT / 'requirements.txt').read_text(), re.M)
    assert {*pins} - {name for name, _ in entries} == set()


@pytest.mark.parametrize(('module', 'names'), OFFICIAL.items())
def test_each_family_carries_each_toolbox(module, names):
    assert any(f"'{name}>=" in SETUP for name in names)
    assert f"'{ONEDL[module]}>=" in SETUP


def test_the_page_has_a_plan_for_each_package_that_is_no_longer_maintained():
    page = (ROOT / 'docs/install.md').read_text()
    table = page.partition('## What is no longer maintained')[2]
    for names in OFFICIAL.values():
        assert any(f'`{name}' in table for name in names), names
