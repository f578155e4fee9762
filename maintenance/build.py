"""Build wheel and source archive of the files that git lists: ``build.py dist``."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def build(folder: Path) -> list[Path]:
    """Build both into a folder, which is emptied of earlier ones first.

    Args:
        folder: Where to; the project's own archives in it go, and nothing else.
    """
    for old in folder.glob('mmcnx2-*'):
        old.unlink()
    with tempfile.TemporaryDirectory() as copy:
        for name in listed():
            target = Path(copy, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
        command = [sys.executable, '-m', 'build', '--no-isolation', '--outdir', folder.resolve()]
        subprocess.run([*command, copy], check=True)
    return sorted(folder.glob('mmcnx2-*'))


def listed() -> list[str]:
    """Return the files of the project, also new ones that are not ignored."""
    words = ['git', 'ls-files', '--cached', '--others', '--exclude-standard', '-z']
    names = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in names.split('\0') if name and (ROOT / name).is_file()]


if __name__ == '__main__':
    print(*build(Path(sys.argv[1])), sep='\n')
