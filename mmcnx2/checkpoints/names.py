"""Templates of parameter names, such as ``stages.{i}.{j}.norm.{p}``, and moving between them."""

import re
from functools import cache

_FIELDS = {'p': '(?P<p>weight|bias)', 'g': '(?P<g>gamma|beta)'}


def rename(name: str, template: str, other: str, *, last: int) -> str | None:
    """Return what ``other`` makes of a name that fits ``template``, None if it does not fit.

    Args:
        name: A parameter's name.
        template: ``{i}``, ``{j}``, ``{k}`` stand for numbers, ``{n}`` for i + 1, ``{last}`` for
            ``last``, ``{p}`` for ``weight`` or ``bias``, ``{g}`` for ``gamma`` or ``beta``.
        other: A template with the same fields, i and n being one.
        last: Number of the last stage.
    """
    match = _compile(template, last).fullmatch(name)
    if match is None:
        return None
    fields = match.groupdict()
    if 'n' in fields:
        fields['i'] = int(fields['n']) - 1
    elif 'i' in fields:
        fields['n'] = int(fields['i']) + 1
    return other.format(**fields, last=last)


@cache
def _compile(template: str, last: int) -> re.Pattern:
    """Turn a template into a pattern with a group a field."""
    pattern = re.escape(template).replace(r'\{', '{').replace(r'\}', '}')
    pattern = pattern.replace('{last}', str(last))
    return re.compile(re.sub(r'{(\w)}', _group, pattern))


def _group(match: re.Match) -> str:
    field = match[1]
    return _FIELDS.get(field, rf'(?P<{field}>0|[1-9]\d*)')
