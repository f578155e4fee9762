"""The page that ``make demo`` leaves: one HTML file beside its pictures, no script, no network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from mmcnx2.analysis.comparison import Arm, verdict

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
<p class="result" id="result">$verdict</p>
$notice
<p>$story</p>

<h2>Classification with few labels</h2>
<img class="chart" id="scores" src="$scores_image" alt="Top-1 accuracy of every run, by arm">
$scores_table
<p class="note">$scores_note</p>

<h2>Reconstructions of held-out pictures</h2>
<img id="gallery" src="$gallery_image"
 alt="Rows: originals, what the encoder saw, hidden patches filled in">
<p class="note">$gallery_note</p>

<h2>Pre-training loss</h2>
<img class="chart" id="loss" src="$loss_image" alt="Pre-training loss over the epochs">
<p class="note">$loss_note</p>

<h2>Settings</h2>
$settings_table

<h2>Times</h2>
$times_table
<p class="note">$times_note</p>
</body>
</html>
""")


@dataclass(frozen=True, kw_only=True)
class DemoPage:
    """Everything on the page. Strings are plain text; images are paths relative to the page.

    Attributes:
        pretrained: Scores from the checkpoint.
        scratch: Scores without it.
        notice: A warning under the result, such as that this was a smoke run; may be empty.
        story: What was done, in a few sentences.
        scores_image: Chart of all scores.
        scores_note: What the scores are of.
        gallery_image: Reconstructions.
        gallery_note: What to see in them.
        loss_image: Chart of the loss.
        loss_note: What the loss is.
        settings: Rows of (what, pre-training, fine-tuning).
        times: Part to seconds.
        times_note: Where they were measured.
    """

    pretrained: Arm
    scratch: Arm
    notice: str
    story: str
    scores_image: str
    scores_note: str
    gallery_image: str
    gallery_note: str
    loss_image: str
    loss_note: str
    settings: Sequence[tuple[str, str, str]]
    times: Mapping[str, float]
    times_note: str

    def write(self, path: str | Path) -> None:
        """Write the page as UTF-8."""
        texts = {
            name: escape(value) for name, value in vars(self).items() if isinstance(value, str)
        }
        texts['notice'] = f'<p><strong>{texts["notice"]}</strong></p>' if self.notice else ''
        arms = (self.pretrained, self.scratch)
        runs = [
            [arm.name, f'{arm.mean:.1f} ± {arm.spread:.1f}', *(f'{s:.1f}' for s in arm.scores)]
            for arm in arms
        ]
        seeds = [f'seed {i}' for i in range(len(self.scratch.scores))]
        times = [[part, clock(seconds)] for part, seconds in self.times.items()]
        times.append(['together', clock(sum(self.times.values()))])
        Path(path).write_text(
            _PAGE.substitute(
                texts,
                verdict=escape(verdict(*arms)),
                scores_table=_table(['top-1, %', 'mean ± spread', *seeds], runs, numbers=True),
                settings_table=_table(['', 'pre-training', 'fine-tuning (both)'], self.settings),
                times_table=_table(['part', 'min:s'], times, numbers=True),
            ),
            encoding='utf-8',
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
