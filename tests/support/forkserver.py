"""Processes of their own that start at once: a server that has imported everything forks them.

Importing torch and OpenMMLab would take most of such a test. What is not installed is not imported.
"""

import multiprocessing
from collections.abc import Callable

METHOD = 'forkserver'
IMPORTED = ['torch', 'mmcnx2.nn', 'mmcnx2.models', 'mmcnx2.engine', 'tests.support.long_run']


def start(work: Callable, *arguments, **options) -> multiprocessing.Process:
    """Start an importable function in a process of its own."""
    preload()
    process = multiprocessing.get_context(METHOD).Process(
        target=work, args=arguments, kwargs=options
    )
    process.start()
    return process


def preload() -> None:
    """Say what the server shall have imported, before whatever starts its first process."""
    multiprocessing.set_forkserver_preload(IMPORTED)
