"""Templates of parameter names, such as ``stages.{i}.{j}.norm.{p}``, and moving between them."""

import re
from functools import cache

_FIELDS = {'p': '(?P<p>weight|bias)', 'g': '(?P<g>gamma|beta)'}


def rename(name: str, template: str, other: str, *, last: int) -> str | None:
    """Return what ``other`` makes of a name that fits ``template``, None if it does not fit.

    Args:
        name: A parameter's name.
        template: ``{i}``, ``{j}``, ``{k}`` stand for numbers, ``{last}`` for ``last``, ``{p}`` for
            ``weight`` or ``bias``, ``{g}`` for ``gamma`` or ``beta``.
        other: A template with the same fields.
        last: Number of the last stage.
    """
    match = _compile(template, last).fullmatch(name)
    return match and other.format(**match.groupdict(), last=last)


@cache
def _compile(template: str, last: int) -> re.Pattern:
    """Turn a template into a pattern with a group a field."""
    pattern = re.escape(template).replace(r'\{', '{').replace(r'\}', '}')
    pattern = pattern.replace('{last}', str(last))
    return re.compile(re.sub(r'{(\w)}', _group, pattern))


def _group(match: re.Match) -> str:
    field = match[1]
    return _FIELDS.get(field, rf'(?P<{field}>0|[1-9]\d*)')
