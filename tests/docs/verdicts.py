"""What no test here tries, with the reason: ``not_run.txt``."""

import re
from pathlib import Path

_LINES = [
    line
    for line in Path(__file__).with_name('not_run.txt').read_text().splitlines()
    if line and not line.startswith('#')
]

NOT_RUN: dict[str, str] = {
    match[1]: match[2] for match in (re.fullmatch(r'(.*\S)\s{4,}(\S.*)', line) for line in _LINES)
}
"""Program, or page and first line of a block -> the reason."""
