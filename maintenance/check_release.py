"""Whether this checkout is a release: ``check_release.py dist`` says what is missing, and stops.

``make release`` runs it last. Nothing is tagged, pushed or uploaded: lines to do so are printed.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
NUMBER = r'(0|[1-9]\d*)'
SEMANTIC = re.compile(rf'{NUMBER}\.{NUMBER}\.{NUMBER}(-[0-9A-Za-z.-]+)?')
SBOM = 'sbom.cdx.json'
HEADING = re.compile(r'^## (?:\[(?P<version>[^\]]+)\] - (?P<date>\S+)|Unreleased)$', re.MULTILINE)


def main(dist: str) -> None:
    """Print what is missing, and fail; or print what to do."""
    version = version_of(ROOT)
    problems = list(find_problems(ROOT, Path(dist)))
    for problem in problems:
        print(f'error: {problem}', file=sys.stderr)
    if problems:
        raise SystemExit(f'{len(problems)} of the things that {version} needs are missing.')
    print(f'{version} can be released. What remains is yours to do:')
    print('make audit')
    print(f'git tag -a v{version} -m {version} && git push origin v{version}')
    print(f'twine upload {dist}/mmcnx2-{version}*')


def find_problems(root: Path, dist: Path) -> Iterator[str]:
    """Yield what a release lacks, a sentence each.

    Args:
        root: The checkout.
        dist: Folder of what was built from it.
    """
    version = version_of(root)
    if not SEMANTIC.fullmatch(version):
        yield f"'{version}' is no semantic version: write MAJOR.MINOR.PATCH in mmcnx2/__init__.py."
    changed = git(root, 'status', '--porcelain')
    if changed:
        yield f'the tree is not clean: commit or remove\n{changed}'
    if git(root, 'tag', '--list', f'v{version}'):
        yield f'v{version} is tagged already: raise the version in mmcnx2/__init__.py.'
    yield from changelog_problems((root / 'CHANGELOG.md').read_text(), version)
    for pattern in (f'mmcnx2-{version}-py3-none-any.whl', f'mmcnx2-{version}.tar.gz'):
        if not (dist / pattern).is_file():
            yield f"'{dist / pattern}' is not there: make wheel."
    if not (dist / SBOM).is_file():
        yield f"'{dist / SBOM}' is not there: make sbom."


def changelog_problems(text: str, version: str) -> Iterator[str]:
    """Yield what the changelog lacks for a version."""
    parts = HEADING.split(text)[1:]
    sections = {
        number or 'Unreleased': (date, body)
        for number, date, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    }
    if sections.get('Unreleased', ('', ''))[1].strip():
        yield f'CHANGELOG.md has changes under Unreleased: move them below [{version}].'
    if version not in sections:
        yield f"CHANGELOG.md has no section for it: write '## [{version}] - YYYY-MM-DD'."
        return
    date, body = sections[version]
    if not re.fullmatch(r'\d{4}-\d\d-\d\d', date):
        yield f"CHANGELOG.md has {version} at '{date}': write the day as YYYY-MM-DD."
    if not re.search(r'^- ', body, re.MULTILINE):
        yield f'CHANGELOG.md says nothing of what {version} changes.'


def version_of(root: Path) -> str:
    """Return the version, which stands in one place."""
    text = (root / 'mmcnx2/__init__.py').read_text()
    return re.search(r"^__version__ = '([^']+)'", text, re.MULTILINE)[1]


def git(root: Path, *words: str) -> str:
    """Return what git answers."""
    done = subprocess.run(['git', *words], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == '__main__':
    main(sys.argv[1])
