"""Whether Triton can start a kernel here: it compiles a small program in C for each.

Triton's own compiler comes in its wheel; what launches a kernel is C against Python's headers, by
gcc, clang or whatever CC names. Images for running programs, and many clusters' nodes, lack both.

Upstream: triton/runtime/build.py, "Failed to find C compiler".

Can go when Triton's wheel brings what it compiles with.
"""

import os
import shutil
import sysconfig
from functools import cache
from pathlib import Path

MEND = "Triton needs a C compiler and Python's headers, such as apt-get install gcc python3-dev"


@cache
def has_c_compiler() -> bool:
    """Whether there is a C compiler, and headers of this Python for it."""
    if os.environ.get('TRITON_INTERPRET', '0') not in ('', '0'):
        return True  # nothing is compiled
    compiler = os.environ.get('CC') or shutil.which('gcc') or shutil.which('clang')
    return compiler is not None and Path(sysconfig.get_path('include'), 'Python.h').is_file()
