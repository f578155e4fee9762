"""The page: sections of text, pictures and tables in one HTML file that needs nothing else."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, PackageLoader, select_autoescape
from matplotlib.figure import Figure

from mmcnx2.analysis.report.verdict import Finding
from mmcnx2.outputs import write_text

_TYPES = dict(svg='image/svg+xml', png='image/png', jpeg='image/jpeg')


@dataclass(frozen=True)
class Picture:
    """A picture inside the page.

    Attributes:
        source: Its ``data:`` address.
        alt: What it shows, in a few words.
    """

    source: str
    alt: str

    @classmethod
    def of(cls, figure: Figure, alt: str, *, kind: str = 'svg', dpi: int = 140) -> 'Picture':
        """Draw a figure.

        Args:
            figure: What to draw.
            alt: What it shows.
            kind: 'svg' for lines; 'png' or 'jpeg' for photographs.
            dpi: Dots an inch, of photographs.
        """
        file = io.BytesIO()
        figure.savefig(file, format=kind, dpi=dpi)
        data = base64.b64encode(file.getvalue()).decode()
        return cls(f'data:{_TYPES[kind]};base64,{data}', alt)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading and what stands below it. Strings are plain text.

    Attributes:
        title: The heading.
        pictures: In their order.
        table: Head and rows; may be empty.
        note: What to make of it.
    """

    title: str
    pictures: Sequence[Picture] = ()
    table: Sequence[Sequence[str]] = ()
    note: str = ''


@dataclass(frozen=True, kw_only=True)
class Page:
    """The whole page. Strings are plain text.

    Attributes:
        title: Of the page.
        findings: What the numbers say, the gravest first.
        commands: What each command is for, and the command.
        sections: In their order.
    """

    title: str
    findings: Sequence[Finding]
    commands: Sequence[tuple[str, str]] = ()
    sections: Sequence[Section] = field(default=())

    def html(self) -> str:
        """Return the page."""
        loader = PackageLoader('mmcnx2.analysis.report', '')
        pages = Environment(loader=loader, autoescape=select_autoescape(default=True))
        return pages.get_template('page.html.jinja').render(page=self)

    def write(self, path: str | Path) -> None:
        """Write the page as UTF-8.

        Raises:
            OSError: It cannot be written.
        """
        write_text(path, self.html())
