"""The README's first lines, as they are written, in an empty folder: ``try_wheel.py README.md``.

For an environment that holds the wheel and what it asks for, and nothing else: ``nox -s wheel``.
Pictures are rendered, and trainings last two epochs; of the lines nothing else is changed.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

SHORT = {
    'pretrain': '--epochs 2',
    'finetune': '--epochs 2',
    'detect': '--epochs 2 --size 128',
    'segment': '--epochs 2',
}
"""What the lines are given besides, by their command."""
PICTURES = {
    'unlabelled': 'photos',
    'imagenet': 'labelled',
    'coco': 'my_coco',
    'ade': 'my_masks',
}
"""Folders that the generator of pictures makes, and what the lines call them."""


def main(readme: Path) -> None:
    """Make pictures in this folder, and run the lines on them."""
    import mmcnx2

    installed, source = Path(mmcnx2.__file__).resolve(), readme.resolve().parent
    if installed.is_relative_to(source / 'mmcnx2'):
        raise SystemExit(f"error: '{installed}' is the checkout's: install the wheel.")
    if any(Path.cwd().iterdir()):
        raise SystemExit(f"error: '{Path.cwd()}' is not empty: begin in an empty folder.")
    make_pictures()
    for line in first_lines(readme.read_text()):
        words = shlex.split(line, comments=True)
        words += shlex.split(SHORT.get(words[1], ''))
        print(f'\n$ {shlex.join(words)}', flush=True)
        words[0] = str(Path(sysconfig.get_path('scripts'), words[0]))
        subprocess.run(words, check=True)
    for made in ('runs/pre/report.html', 'classifier.onnx', 'drawn'):
        if not Path(made).exists():
            raise SystemExit(f"error: the lines made no '{made}'.")
    print('\nAll lines did what they say.')


def first_lines(text: str) -> Iterator[str]:
    """Yield the lines of a README's first block of shell that call the command."""
    block = re.search(r'^```sh\n(.*?)^```', text, re.DOTALL | re.MULTILINE)[1]
    yield from (line for line in block.splitlines() if line.startswith('mmcnx2 '))


def make_pictures() -> None:
    """Render 40 pictures without labels, and some with, into the folders that the lines name."""
    from mmcnx2.paths import shipped

    sys.path.insert(0, str(shipped('tools')))
    from demo.scenes import SceneSettings, build

    settings = SceneSettings(size=128, unlabelled=40, train=20, val=10)
    build('scenes', settings, workers=1, progress=False)
    for made, name in PICTURES.items():
        Path('scenes', made).rename(name)
    # The generator's masks are ADE20K's: 0 is unlabelled. Here it is a class like the others.
    names = json.loads(Path('scenes/meta.json').read_text())['segmentation_classes']
    Path('my_masks/classes.txt').write_text('\n'.join(['other', *names]) + '\n')
    shutil.copytree('my_coco/val', 'more_photos')


if __name__ == '__main__':
    main(Path(sys.argv[1]))
