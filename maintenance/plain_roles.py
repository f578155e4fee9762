"""Docstrings refer to each other by roles, such as ``:func:`.train```: the site shows the names."""

import re

from griffe import Extension


class PlainRoles(Extension):
    """Takes the roles out of docstrings as they are read."""

    def on_object(self, *, obj, **_) -> None:
        """Leave of each role its name, as code."""
        if obj.docstring:
            obj.docstring.value = re.sub(r':\w+:`[.~]*([^`]+)`', r'`\1`', obj.docstring.value)
