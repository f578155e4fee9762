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
        return cls._inside(file.getvalue(), alt, kind)

    @classmethod
    def read(cls, path: str | Path, alt: str) -> 'Picture':
        """Take a picture from a file.

        Args:
            path: A file with the ending svg, png or jpeg.
            alt: What it shows.

        Raises:
            OSError: It cannot be read.
        """
        path = Path(path)
        return cls._inside(path.read_bytes(), alt, path.suffix[1:])

    @classmethod
    def _inside(cls, data: bytes, alt: str, kind: str) -> 'Picture':
        return cls(f'data:{_TYPES[kind]};base64,{base64.b64encode(data).decode()}', alt)


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
        notice: A warning above everything; may be empty.
        story: What was done, in a few sentences; may be empty.
    """

    title: str
    findings: Sequence[Finding]
    commands: Sequence[tuple[str, str]] = ()
    sections: Sequence[Section] = field(default=())
    notice: str = ''
    story: str = ''

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
