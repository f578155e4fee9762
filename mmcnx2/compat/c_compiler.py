"""Whether there is a C compiler with Python's headers. Needs Python alone.

Images for running programs, and many clusters' nodes, have neither.
"""

import os
import shutil
import sysconfig
from functools import cache
from pathlib import Path

INSTALL = 'apt-get install gcc python3-dev'


@cache
def has_c_compiler() -> bool:
    """Whether Triton could compile what starts its kernels, if it has to.

    gcc, clang or whatever CC names is looked for, as Triton does; kernels that are interpreted
    (TRITON_INTERPRET=1) need none.
    """
    if os.environ.get('TRITON_INTERPRET', '0') not in ('', '0'):
        return True
    compiler = os.environ.get('CC') or shutil.which('gcc') or shutil.which('clang')
    return compiler is not None and Path(sysconfig.get_path('include'), 'Python.h').is_file()
