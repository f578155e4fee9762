"""Pages of the site that are not in docs/: MkDocs calls the functions that begin with ``on``.

The commands' come from their functions, as ``--help`` does, those of the API from docstrings by
mkdocstrings, those of the notebooks from their cells, and the others from the files at the root of
the repository. Nothing here needs torch.
"""

import json
import re
from inspect import Parameter, signature
from pathlib import Path

from docstring_parser import DocstringStyle, parse

from mmcnx2.apis.commands import COMMANDS, find

ROOT = Path(__file__).parents[1]
OF_THE_ROOT = {'index.md': 'README.md', **{f'{n}.md': f'{n}.md' for n in (
    'CHANGELOG', 'CONTRIBUTING', 'SECURITY')}}  # fmt: skip
"""Page of the site -> file at the root of the repository."""

NOTEBOOKS = ('classifier', 'detector', 'look_inside')
"""Those of docs/notebooks, in the order of the site."""

ROOMS = {
    'mmcnx2.apis': 'What a program calls',
    'mmcnx2.nn': 'The method, in torch alone',
    'mmcnx2.checkpoints': 'Weights of every library',
    'mmcnx2.models': "OpenMMLab's view of the method",
    'mmcnx2.datasets': 'Folders, shards, transforms',
    'mmcnx2.engine': 'Training, saving, resuming',
    'mmcnx2.analysis': 'What a model has learned',
    'mmcnx2.rivals': "The losers of the paper's ablations",
    'mmcnx2.processes': 'Signals, threads, torchrun',
    'mmcnx2.compat': "Mends of today's stack",
}
"""Package -> what a reader finds there. Its modules come below it, a page a room."""


def on_config(config):
    """Add the pages that are made to the navigation."""
    config.nav += [
        {'Notebooks': [f'notebooks/{name}.md' for name in NOTEBOOKS]},
        {'Commands': [{f'mmcnx2 {name}': f'commands/{name}.md'} for name in COMMANDS]},
        {'API': [{room: f'api/{room}.md'} for room in ROOMS]},
        {'Project': [page for page in OF_THE_ROOT if page != 'index.md']},
    ]
    return config


def on_files(files, config):
    """Add the pages themselves."""
    from mkdocs.structure.files import File

    for path, content in pages().items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown, *, page, **_):
    """Let the links of docs/ out of docs/ lead to copies in the site."""
    return for_site(markdown) if page.file.generated_by is None else markdown


def pages() -> dict[str, str]:
    """Return path and text of every page that is made, and of the files that pages link to."""
    made = {name: (ROOT / name).read_text() for name in linked_files()}
    made |= {path: for_site((ROOT / name).read_text()) for path, name in OF_THE_ROOT.items()}
    made |= {f'commands/{name}.md': command_page(name) for name in COMMANDS}
    made |= {f'notebooks/{name}.md': notebook_page(name) for name in NOTEBOOKS}
    return made | {f'api/{room}.md': room_page(room, title) for room, title in ROOMS.items()}


def linked_files() -> set[str]:
    """Return what pages link to outside docs/: configs, the license."""
    texts = [(ROOT / name).read_text() for name in OF_THE_ROOT.values()]
    of_the_root = {link for text in texts for link in _links(text) if not link.startswith('docs/')}
    of_docs = {
        link.removeprefix('../')
        for page in (ROOT / 'docs').glob('*.md')
        for link in _links(page.read_text())
        if link.startswith('../')
    }
    return {link for link in of_docs | of_the_root if link not in OF_THE_ROOT.values()}


def for_site(text: str) -> str:
    """Let links lead to the same files where docs/ and the root are one folder."""
    text = re.sub(r'\]\((?:docs/|\.\./)', '](', text).replace('](README.md', '](index.md')
    return re.sub(r'(\]\(notebooks/\w+)\.ipynb\)', r'\1.md)', text)


def command_page(name: str) -> str:
    """Return the page of a command: what it does, an example, its arguments, what it refuses."""
    function = find(name)
    said = parse(function.__doc__, style=DocstringStyle.GOOGLE)
    descriptions = {each.arg_name: _line(each.description) for each in said.params}
    text = _line(said.long_description or '')
    example, _, rest = text.removeprefix('For example: ').partition('  ')
    rows = [
        f'| `{_word(each)}` | {descriptions.get(each.name, "")} |'
        for each in signature(function).parameters.values()
    ]
    parts = [f'# mmcnx2 {name}', said.short_description]
    parts.append(f'```sh\n{example}\n```' if text.startswith('For example: ') else text)
    if rest:
        parts.append(rest)
    if rows:
        parts += ['## Arguments', '\n'.join(['| | |', '|---|---|', *rows])]
    if said.raises:
        refusals = [f'- `{each.type_name}`: {_line(each.description)}' for each in said.raises]
        parts += ['## What it refuses', '\n'.join(refusals)]
    if name not in ('models', 'doctor'):
        parts.append(f'In Python: `mmcnx2.{name}(...)`, with the same names and defaults.')
    return '\n\n'.join(parts) + '\n'


def notebook_page(name: str) -> str:
    """Return the page of a notebook: its cells, with a link to the file behind the first."""
    cells = json.loads((ROOT / f'docs/notebooks/{name}.ipynb').read_text())['cells']
    first, *parts = (
        source if kind == 'markdown' else f'```python\n{source}\n```'
        for kind, source in ((cell['cell_type'], ''.join(cell['source'])) for cell in cells)
    )
    return '\n\n'.join([first, f'[This page as a notebook]({name}.ipynb)', *parts]) + '\n'


def room_page(room: str, title: str) -> str:
    """Return the page of a package: mkdocstrings fills in its modules."""
    folder = ROOT / room.replace('.', '/')
    modules = [
        '.'.join(path.relative_to(ROOT).with_suffix('').parts)
        for path in sorted(folder.rglob('*.py'))
        if not path.name.startswith('_')
    ]
    return '\n\n'.join([f'# {title}', *(f'::: {module}' for module in [room, *modules])]) + '\n'


def _word(parameter: Parameter) -> str:
    name = parameter.name.strip('_').replace('_', '-')
    return f'--{name}' if parameter.kind is Parameter.KEYWORD_ONLY else name.upper()


def _line(text: str) -> str:
    """Put a description into one line of a table."""
    return ' '.join(text.split()).replace('|', '\\|')


def _links(text: str) -> list[str]:
    """Return the files that a text links to, without anchors."""
    return [link for link in re.findall(r'\]\(([^)#\s]+)', text) if '://' not in link]
