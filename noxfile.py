"""The quick tests on each Python, torch and family of toolboxes: ``make matrix``.

``nox --list`` shows the sessions, ``make matrix SESSION='quick(3.12, newest, onedl)'`` takes one.
Each has an environment of its own in ``.nox``. Python 3.14 is not among them, because mmengine and
mmcv call what it removed (``mmcnx2/compat/python_range.py``).
"""

import os
import re
import tempfile
from glob import glob
from pathlib import Path

import nox

nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True

OFFICIAL = ('mmengine', 'mmcv-lite', 'mmpretrain', 'mmdet', 'mmsegmentation')
QUICK = [f'tests/{room}' for room in ('checkpoints', 'compat', 'models', 'nn', 'rivals')]

# Every Python with what is pinned; the middle one with each of the others.
STACKS = [
    *((python, 'pinned', 'official') for python in ('3.10', '3.11', '3.12', '3.13')),
    *(('3.12', torch, family) for torch, family in (
        ('newest', 'official'), ('pinned', 'onedl'), ('newest', 'onedl'))),
]  # fmt: skip


@nox.session
@nox.parametrize(
    ('python', 'torch', 'family'),
    [nox.param(*stack, id=', '.join(stack)) for stack in STACKS],
)
def quick(session: nox.Session, torch: str, family: str) -> None:
    """The method, its weights, the rules and the mends of the stack."""
    install(session, family=family)
    if torch == 'newest':
        session.install('--upgrade', 'torch', 'torchvision')
    session.run('python', '-m', 'mmcnx2.doctor')
    run_quick(session)


@nox.session(python='3.12')
def bare(session: nox.Session) -> None:
    """Without what only makes it faster: Numba, Triton, simplejpeg."""
    install(session, family='official')
    session.run('python', '-m', 'pip', 'uninstall', '-y', 'numba', 'triton', 'simplejpeg')
    run_quick(session)


@nox.session(reuse_venv=False)
def wheel(session: nox.Session) -> None:
    """The wheel in an empty environment, with what it asks for itself, runs the README's lines."""
    build = Path(session.create_tmp(), 'dist').resolve()
    session.run('python', '-m', 'pip', 'wheel', '--no-deps', '-w', str(build), '.')
    session.install(f'{max(build.glob("*.whl"), key=os.path.getmtime)}[all]')
    checkout = Path.cwd()
    empty = tempfile.mkdtemp(dir=session.create_tmp())
    with session.chdir(empty):
        session.run(
            'python', str(checkout / 'maintenance/try_wheel.py'), str(checkout / 'README.md')
        )


def install(session: nox.Session, *, family: str) -> None:
    """Install the tested set, with the toolboxes of one family, and the project as it lies here."""
    text = Path('requirements.txt').read_text()
    if family == 'onedl':
        text = re.sub(rf'^(?:{"|".join(OFFICIAL)})==.*\n', '', text, flags=re.MULTILINE)
    pins = Path(session.create_tmp(), 'requirements.txt')
    pins.write_text(text)
    session.install('-r', str(pins))
    session.install('--no-deps', '--no-build-isolation', '.')
    if family == 'onedl':
        session.install('.[onedl]')  # built in isolation, where no torch is: else mmcv compiles
    use_headless_opencv(session, text)


def use_headless_opencv(session: nox.Session, pins: str) -> None:
    """Take opencv-python-headless in the place of opencv-python, which needs the system's libGL."""
    version = re.search(r'^opencv-python==([\d.]+)', pins, re.MULTILINE)[1]
    session.run('python', '-m', 'pip', 'uninstall', '-y', 'opencv-python', silent=True)
    headless = f'opencv-python-headless=={version}'
    session.install('--no-deps', '--force-reinstall', headless)


def run_quick(session: nox.Session) -> None:
    """Run the quick tests, or those that are named behind ``--``."""
    named = session.posargs or [*QUICK, *sorted(glob('tests/test_*.py')), '-m', 'not slow']
    one_thread = dict(OMP_NUM_THREADS='1', PYTHONPATH=str(Path.cwd()))
    session.run('python', '-m', 'pytest', *named, env=one_thread)
