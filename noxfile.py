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

nox.options.default_venv_backend = 'uv'  # its environments share the files of torch by links
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True

OFFICIAL = ('mmengine', 'mmcv-lite', 'mmpretrain', 'mmdet', 'mmsegmentation')
TORCH = ('torch', 'torchvision')
KERNELS = re.compile(
    r'^(?:import|from) (?:numba|triton)\b|^from \S+ import \w+_(?:numba|triton)\b'
    r"|^(?:\w+ = )?pytest\.importorskip\('(?:numba|triton)",
    re.MULTILINE,
)
"""What a file of tests has at its top that needs one of them."""
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
    install(session, family=family, torch=torch)
    session.run('python', '-m', 'mmcnx2.doctor')
    run_quick(session)


@nox.session(python='3.12')
def bare(session: nox.Session) -> None:
    """Without what only makes it faster, Numba and Triton; their own tests are left out."""
    install(session, family='official', torch='pinned')
    session.run('uv', 'pip', 'uninstall', 'numba', 'triton')
    tests = glob('tests/nn/**/test_*.py', recursive=True)
    kernels = [name for name in tests if KERNELS.search(Path(name).read_text())]
    run_quick(session, *(f'--ignore={name}' for name in kernels))


@nox.session(reuse_venv=False, venv_backend='virtualenv')  # by pip, as the README's reader
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


def install(session: nox.Session, *, family: str, torch: str) -> None:
    """Install the tested set, with the toolboxes of one family, and the project as it lies here."""
    text = Path('requirements.txt').read_text()
    left_out = [*(OFFICIAL if family == 'onedl' else ()), *(TORCH if torch == 'newest' else ())]
    for name in left_out:
        text = re.sub(rf'^{name}==.*\n', '', text, flags=re.MULTILINE)
    pins = Path(session.create_tmp(), 'requirements.txt')
    pins.write_text(text)
    session.install('-r', str(pins))
    if torch == 'newest':
        session.install('--upgrade', *TORCH, '--constraint', str(pins))
    session.install('--no-deps', '--no-build-isolation', '.')
    if family == 'onedl':
        session.install('.[onedl]')  # built in isolation, where no torch is: else mmcv compiles
    use_headless_opencv(session, text)


def use_headless_opencv(session: nox.Session, pins: str) -> None:
    """Take opencv-python-headless in the place of opencv-python, which needs the system's libGL."""
    version = re.search(r'^opencv-python==([\d.]+)', pins, re.MULTILINE)[1]
    session.run('uv', 'pip', 'uninstall', 'opencv-python', silent=True)
    headless = f'opencv-python-headless=={version}'
    session.install('--no-deps', '--reinstall', headless)


def run_quick(session: nox.Session, *options: str) -> None:
    """Run the quick tests, or those that are named behind ``--``."""
    named = session.posargs or [*QUICK, *sorted(glob('tests/test_*.py')), '-m', 'not slow']
    session.run('python', '-m', 'pytest', *named, *options, env=one_thread())


def one_thread() -> dict[str, str]:
    """Return the environment of the tests, which run on the checkout."""
    return dict(OMP_NUM_THREADS='1', PYTHONPATH=str(Path.cwd()))
