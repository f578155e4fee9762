"""The page that ``make demo`` leaves: one HTML file beside its pictures, no script, no network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from mmcnx2.outputs import write_text

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>FCMAE pre-training: what it brought</title>
<style>
body { font: 17px/1.5 system-ui, sans-serif; color: #222; background: #fff;
       max-width: 62rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin-bottom: .3rem; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .4rem; }
.result { font-size: 1.15rem; border-left: 5px solid #0072b2; padding: .2rem 0 .2rem .9rem; }
img { display: block; width: 100%; height: auto; margin: .6rem 0; }
img.chart { max-width: 46rem; }
table { border-collapse: collapse; margin: .6rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem 1.2rem .3rem 0;
         border-bottom: 1px solid #ddd; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.note { color: #555; font-size: .95rem; }
code { background: #f3f3f3; padding: .05rem .3rem; border-radius: 3px; }
</style>
</head>
<body>
<h1>FCMAE pre-training of a ConvNeXt V2: what it brought</h1>
<p class="result" id="result">$result</p>
$notice
<p>$story</p>

$sections

<h2>Settings</h2>
$settings_table

<h2>Times</h2>
$times_table
<p class="note">$times_note</p>
</body>
</html>
""")


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading with a picture, a table, and what to make of them. Strings are plain text.

    Attributes:
        title: The heading.
        note: What the numbers are of, or what to see in the picture.
        image: Path relative to the page.
        alt: What the picture shows, in a few words.
        wide: As wide as the page; charts are narrower.
        table: Head and rows, each beginning with the name of its row; may be empty.
    """

    title: str
    note: str
    image: str
    alt: str
    wide: bool = False
    table: Sequence[Sequence[str]] = ()

    def html(self) -> str:
        """Return the section."""
        kind = '' if self.wide else ' class="chart"'
        table = _table(self.table[0], self.table[1:], numbers=True) if self.table else ''
        return (
            f'<h2>{escape(self.title)}</h2>\n'
            f'<img{kind} src="{escape(self.image)}" alt="{escape(self.alt)}">\n'
            f'{table}\n<p class="note">{escape(self.note)}</p>'
        )


@dataclass(frozen=True, kw_only=True)
class DemoPage:
    """Everything on the page. Strings are plain text.

    Attributes:
        result: What came out, in a sentence.
        notice: A warning under the result, such as that this was a smoke run; may be empty.
        story: What was done, in a few sentences.
        sections: In their order.
        settings: Head and rows, each beginning with the name of its row.
        times: Part to seconds.
        times_note: Where they were measured.
    """

    result: str
    notice: str
    story: str
    sections: Sequence[Section]
    settings: Sequence[Sequence[str]]
    times: Mapping[str, float]
    times_note: str

    def write(self, path: str | Path) -> None:
        """Write the page as UTF-8."""
        times = [[part, clock(seconds)] for part, seconds in self.times.items()]
        times.append(['together', clock(sum(self.times.values()))])
        notice = f'<p><strong>{escape(self.notice)}</strong></p>' if self.notice else ''
        write_text(
            path,
            _PAGE.substitute(
                result=escape(self.result),
                notice=notice,
                story=escape(self.story),
                sections='\n\n'.join(section.html() for section in self.sections),
                settings_table=_table(self.settings[0], self.settings[1:]),
                times_table=_table(['part', 'min:s'], times, numbers=True),
                times_note=escape(self.times_note),
            ),
        )


def clock(seconds: float) -> str:
    """Return a duration as ``m:ss``."""
    minutes, rest = divmod(round(seconds), 60)
    return f'{minutes}:{rest:02d}'


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: bool = False) -> str:
    def cells(tag: str, texts: Sequence[str]) -> str:
        kinds = ['', *(' class="number"' if numbers else '' for _ in texts[1:])]
        pairs = zip(kinds, texts, strict=True)
        return ''.join(f'<{tag}{kind}>{escape(text)}</{tag}>' for kind, text in pairs)

    lines = [f'<tr>{cells("th", head)}</tr>', *(f'<tr>{cells("td", row)}</tr>' for row in rows)]
    return '<table>\n' + '\n'.join(lines) + '\n</table>'
