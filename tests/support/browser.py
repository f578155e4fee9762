"""A page as a real browser shows it: Chromium without a window, if there is one."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest

_NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')
# Chromium makes no window narrower than 500 px, but a frame may be.
_FRAME = """<html><body><iframe id="it" src="{name}" style="width:{width}px;height:800px;border:0">
</iframe><script>onload = () => {{
  const page = document.getElementById('it').contentDocument, root = page.documentElement;
  const pictures = [...page.images];
  document.body.dataset.seen = JSON.stringify({{
    inner: root.clientWidth, outer: root.scrollWidth, pictures: pictures.length,
    missing: pictures.filter(each => !each.complete || !each.naturalWidth).map(each => each.alt),
  }});
}}</script></body></html>"""


@dataclass(frozen=True)
class Seen:
    """What a browser made of a page.

    Attributes:
        inner: Width that the page had, in pixels.
        outer: Width that it took.
        pictures: Number of its pictures.
        missing: Names of those that do not show.
        complaints: Lines of the console.
    """

    inner: int
    outer: int
    pictures: int
    missing: list[str]
    complaints: list[str]


def look_at(page: Path, *, width: int) -> Seen:
    """Open a page; the test is skipped where there is no Chromium.

    Args:
        page: The file.
        width: Of the screen, in CSS pixels.
    """
    browser = next(filter(None, map(shutil.which, _NAMES)), None)
    if browser is None:
        pytest.skip('no Chromium to look at the page with')
    frame = page.with_name('frame.html')
    frame.write_text(_FRAME.format(name=page.name, width=width))
    done = subprocess.run(
        [browser, '--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars',
         '--allow-file-access-from-files', '--enable-logging=stderr',
         '--virtual-time-budget=10000',
         f'--user-data-dir={page.parent / "profile"}', '--dump-dom', frame.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    seen = json.loads(unescape(re.search(r'data-seen="([^"]*)"', done.stdout)[1]))
    complaints = [line for line in done.stderr.splitlines() if 'CONSOLE' in line]
    return Seen(complaints=complaints, **seen)
