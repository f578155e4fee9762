"""What torchrun starts in tests of how it is told to go: a process that imports next to nothing.

    rank.py FOLDER [dies] [status=N] [unable] [waits]

It leaves ``started-<restart>-<rank>`` once it listens, and a line in ``told-<rank>`` for each
signal. Told for the first time, it takes its time to save and ends with 75 (130 after SIGINT).
"""

import os
import signal
import sys
import time
from pathlib import Path

FOLDER, WAYS = Path(sys.argv[1]), sys.argv[2:]
RANK, RESTART = os.environ['RANK'], os.environ['TORCHELASTIC_RESTART_COUNT']


def note(number: int, frame) -> None:
    with open(FOLDER / f'told-{RANK}', 'a') as file:
        print(signal.Signals(number).name, file=file)
    if 'unable' in WAYS:
        os._exit(1)
    time.sleep(0.5)
    (FOLDER / f'saved-{RANK}').touch()
    os._exit(130 if number == signal.SIGINT else 75)


for name in ('SIGTERM', 'SIGUSR1', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'):
    signal.signal(getattr(signal, name), note)
(FOLDER / f'started-{RESTART}-{RANK}').write_text(os.environ.get('MMCNX2_STARTED_BY', ''))
for way in WAYS:
    if way == 'dies' and (RESTART, RANK) == ('0', '1'):
        os.kill(os.getpid(), signal.SIGKILL)
    if way.startswith('status='):
        sys.exit(int(way.removeprefix('status=')))
if 'waits' in WAYS:
    time.sleep(60)
