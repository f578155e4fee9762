"""What the image promises, as far as its file tells: no root, no compiler, the command in front."""

import re

import yaml

from tests.support.command_line import ROOT

DOCKERFILE = (ROOT / 'Dockerfile').read_text()
LINES = re.sub(r'\\\n', ' ', DOCKERFILE).splitlines()


def last(word: str) -> str:
    """Return what stands behind the last line that begins with a word."""
    return [line for line in LINES if line.startswith(f'{word} ')][-1].removeprefix(f'{word} ')


def test_it_runs_the_command_without_root():
    assert last('ENTRYPOINT') == '["mmcnx2"]'
    assert int(last('USER')) > 0
    assert last('WORKDIR') == '/data'


def test_it_installs_no_compiler_unless_asked():
    (packages,) = (line for line in LINES if 'apt-get install' in line)
    assert not re.search(r'gcc|g\+\+|clang|build-essential|-dev\b', packages)
    assert last('ARG') == 'PACKAGES=""'


def test_what_it_copies_is_let_through_and_there():
    through = re.findall(r'^!(\S+)$', (ROOT / '.dockerignore').read_text(), re.MULTILINE)
    assert all((ROOT / name).exists() for name in through)
    assert {'requirements.txt', 'setup.py', 'pyproject.toml', 'mmcnx2', 'configs'} <= {*through}


def test_its_versions_of_build_tools_are_those_of_the_tested_set():
    pinned = (ROOT / 'requirements.txt').read_text()
    for name in re.findall(r'(?:wheel|setuptools)==[\d.]+', DOCKERFILE):
        assert name in pinned


def test_compose_starts_the_same_image_on_the_readers_folder():
    (service,) = yaml.safe_load((ROOT / 'compose.yaml').read_text())['services'].values()
    assert service['build'] == '.' and any(':/data' in place for place in service['volumes'])
