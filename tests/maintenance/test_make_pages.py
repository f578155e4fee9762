"""The site's pages that are made: one a command, one a room, those of the root."""

from inspect import signature

import pytest

from maintenance.make_pages import NOTEBOOKS, ROOMS, command_page, for_site, notebook_page, pages
from mmcnx2.apis.commands import COMMANDS, find
from tests.support.command_line import ROOT


@pytest.mark.parametrize('name', COMMANDS)
def test_a_commands_page_has_its_example_and_every_argument(name):
    page = command_page(name)
    assert page.startswith(f'# mmcnx2 {name}\n')
    assert f'```sh\nmmcnx2 {name}' in page
    for parameter in signature(find(name)).parameters.values():
        option = parameter.name.strip('_').replace('_', '-')
        names = (f'| `--{option}` |', f'| `{option.upper()}` |')
        (row,) = (row for row in page.splitlines() if row.startswith(names))
        assert row.split('|')[2].strip(), f'{parameter.name} is not described'


def test_every_room_of_the_package_has_a_page():
    rooms = {f'mmcnx2.{path.parent.name}' for path in (ROOT / 'mmcnx2').glob('*/__init__.py')}
    assert set(ROOMS) == rooms - {'mmcnx2.cli'}, 'the pages of commands are those of mmcnx2.cli'


def test_a_rooms_page_lists_its_modules():
    page = pages()['api/mmcnx2.nn.md']
    assert '::: mmcnx2.nn\n' in page and '::: mmcnx2.nn.fcmae\n' in page


def test_links_lead_to_the_same_files_on_the_site():
    text = '[a](docs/data.md#x) [b](../configs/a.py) [c](../README.md#y) [d](https://e/docs/f)'
    assert (
        for_site(text) == '[a](data.md#x) [b](configs/a.py) [c](index.md#y) [d](https://e/docs/f)'
    )
    assert for_site('[e](docs/notebooks/g.ipynb)') == '[e](notebooks/g.md)'


def test_the_files_that_pages_link_to_come_along():
    made = pages()
    assert {'LICENSE', 'index.md', 'CHANGELOG.md', 'SECURITY.md'} <= made.keys()
    assert any(name.startswith('configs/fcmae/') for name in made)


def test_every_page_of_docs_is_in_the_navigation():
    navigation = (ROOT / 'mkdocs.yml').read_text().partition('\nnav:')[2]
    for path in (ROOT / 'docs').glob('*.md'):
        assert f'- {path.name}\n' in navigation, path.name


def test_every_notebook_has_a_page_of_its_cells():
    files = {path.stem for path in (ROOT / 'docs/notebooks').glob('*.ipynb')}
    assert files == {*NOTEBOOKS}
    page = notebook_page('classifier')
    assert page.startswith('# ') and '(classifier.ipynb)' in page
    assert '```python\nimport mmcnx2' in page or '\nimport mmcnx2\n' in page
