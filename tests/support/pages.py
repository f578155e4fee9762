"""The pages that people read: their blocks of code, their headings and where their links lead."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.support.command_line import ROOT

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob('*.md'), *(ROOT / 'docs').rglob('*.md'))
)
"""Every Markdown file of the project, from the root."""


@dataclass(frozen=True)
class Block:
    """A block of code in a page.

    Attributes:
        page: Path from the root.
        line: Number of its first line of code.
        language: What stands behind the fence, '' if nothing.
        code: Its text.
    """

    page: str
    line: int
    language: str
    code: str

    @property
    def name(self) -> str:
        """Page and first line of code, which find it after other lines have moved."""
        return f'{self.page}: {self.code.splitlines()[0]}'

    def __str__(self) -> str:
        return f'{self.page}:{self.line}'


def blocks(*languages: str) -> list[Block]:
    """Return the blocks of all pages that are in one of some languages."""
    return [
        Block(page, token.map[0] + 2, token.info, token.content)
        for page in PAGES
        for token in _tokens(page)
        if token.type == 'fence' and token.info in languages
    ]


def languages() -> set[str]:
    """Return what stands behind the fences of all pages."""
    return {token.info for page in PAGES for token in _tokens(page) if token.type == 'fence'}


def code_in_text() -> Iterator[tuple[str, str]]:
    """Yield page and text of whatever is set as code within a sentence or a table."""
    for page in PAGES:
        for token in _tokens(page):
            yield from (
                (page, child.content)
                for child in token.children or ()
                if child.type == 'code_inline'
            )


def links(page: str) -> list[str]:
    """Return where the links and images of a page lead."""
    children = [child for token in _tokens(page) for child in token.children or ()]
    return [
        child.attrs['src' if child.type == 'image' else 'href']
        for child in children
        if child.type in ('link_open', 'image')
    ]


@cache
def anchors(page: str) -> frozenset[str]:
    """Return the anchors of a page's headings, as GitHub and the site make them."""
    found: dict[str, int] = {}
    names = []
    tokens = _tokens(page)
    for before, token in zip(tokens, tokens[1:], strict=False):
        if before.type == 'heading_open':
            text = ''.join(child.content for child in token.children)
            name = re.sub(r'[^\w\- ]', '', text.lower()).replace(' ', '-')
            names.append(f'{name}-{found[name]}' if name in found else name)
            found[name] = found.get(name, 0) + 1
    return frozenset(names)


@cache
def _tokens(page: str) -> list[Token]:
    return MarkdownIt('commonmark').enable('table').parse(Path(ROOT, page).read_text())
