"""A release is held against what it needs, on made-up checkouts; nothing is tagged or uploaded."""

import subprocess
from pathlib import Path

import pytest

from maintenance.check_release import SBOM, SEMANTIC, changelog_problems, find_problems, version_of
from tests.support.command_line import ROOT

CHANGELOG = '# Changelog\n\n## Unreleased\n\n## [1.2.0] - 2026-11-28\n\n### Added\n\n- A thing.\n'


@pytest.fixture
def checkout(tmp_path) -> Path:
    """One that can be released, as 1.2.0."""
    root = tmp_path / 'checkout'
    (root / 'mmcnx2').mkdir(parents=True)
    (root / 'mmcnx2/__init__.py').write_text("__version__ = '1.2.0'\n")
    (root / 'CHANGELOG.md').write_text(CHANGELOG)
    (tmp_path / 'dist').mkdir()
    for name in ('mmcnx2-1.2.0-py3-none-any.whl', 'mmcnx2-1.2.0.tar.gz', SBOM):
        (tmp_path / 'dist' / name).touch()
    run(root, 'init', '-q')
    commit(root)
    return root


def run(root: Path, *words: str) -> None:
    me = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false']
    subprocess.run(['git', *me, *words], cwd=root, check=True, capture_output=True)


def commit(root: Path) -> None:
    run(root, 'add', '-A')
    run(root, 'commit', '-qm', 'change')


def problems(root: Path) -> list[str]:
    return list(find_problems(root, root.with_name('dist')))


def test_a_whole_one_has_none(checkout):
    assert problems(checkout) == []


def test_a_tree_with_changes_is_named(checkout):
    (checkout / 'new.py').touch()
    (problem,) = problems(checkout)
    assert 'not clean' in problem and 'new.py' in problem


def test_a_version_that_is_tagged_is_refused(checkout):
    run(checkout, 'tag', 'v1.2.0')
    (problem,) = problems(checkout)
    assert problem.startswith('v1.2.0 is tagged already')


def test_archives_of_another_version_are_not_enough(checkout):
    (checkout / 'mmcnx2/__init__.py').write_text("__version__ = '1.3.0'\n")
    commit(checkout)
    said = problems(checkout)
    assert [sentence for sentence in said if 'make wheel' in sentence and '1.3.0' in sentence]
    assert [sentence for sentence in said if "'## [1.3.0] - YYYY-MM-DD'" in sentence]


def test_a_release_without_its_bill_of_materials_is_refused(checkout):
    checkout.with_name('dist').joinpath(SBOM).unlink()
    (problem,) = problems(checkout)
    assert 'make sbom' in problem


@pytest.mark.parametrize(
    ('old', 'new', 'sentence'),
    [
        ('## Unreleased\n', '## Unreleased\n\n- More.\n', 'changes under Unreleased'),
        ('2026-11-28', 'today', "1.2.0 at 'today'"),
        ('- A thing.', '', 'says nothing'),
        ('[1.2.0]', '[1.1.0]', 'no section'),
    ],
)
def test_the_changelog_is_whole(old, new, sentence):
    (problem,) = changelog_problems(CHANGELOG.replace(old, new), '1.2.0')
    assert sentence in problem


def test_the_projects_version_is_semantic():
    assert SEMANTIC.fullmatch(version_of(ROOT))
    assert not SEMANTIC.fullmatch('1.2') and not SEMANTIC.fullmatch('01.2.3')


def test_the_version_stands_in_one_place():
    version = version_of(ROOT)
    for name in ('setup.py', 'pyproject.toml', 'CITATION.cff', 'Dockerfile', 'mkdocs.yml'):
        lines = (ROOT / name).read_text().splitlines()
        assert not [line for line in lines if 'version' in line.lower() and version in line], name
