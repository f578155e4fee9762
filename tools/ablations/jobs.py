"""The runs of some ablations, several at a time; the failure of one stops no other."""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from mmcnx2.engine.jobs.parts import Part, PartRunner


class AblationJobs:
    """Does the jobs of :meth:`AblationRun.jobs`.

    Attributes:
        failures: Name of a part to the last line of its error.

    Args:
        jobs: Each is a pre-training and what starts from it, in order.
        runner: Runner of the parts.
        at_once: Jobs under way at a time.
        after_job: Called when a job has ended, also when it failed, by one thread at a time.
    """

    def __init__(
        self,
        jobs: Sequence[Sequence[Part]],
        runner: PartRunner,
        *,
        at_once: int,
        after_job: Callable[[], None],
    ):
        self.jobs, self.runner, self.at_once, self.after_job = jobs, runner, at_once, after_job
        self.failures: dict[str, str] = {}
        parts = {part.name: part for job in jobs for part in job}
        self._total = len(parts)
        self._before = sum(map(runner.is_done, parts.values()))
        self._number = 0
        self._stopped = threading.Event()
        self._lock = threading.Lock()  # for counting, and for what follows a job

    def do(self) -> None:
        """Do what is not done yet, and print a line for each part that has ended."""
        print(f'{self._total} runs, {self._before} of them done before', flush=True)
        self._start = time.perf_counter()
        pool = ThreadPoolExecutor(self.at_once)
        try:
            for finished in as_completed([pool.submit(self._do_job, job) for job in self.jobs]):
                finished.result()
        except BaseException:
            self._stopped.set()  # the runs under way end by the same Ctrl-C
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _do_job(self, job: Sequence[Part]) -> None:
        for part in job:
            if self._stopped.is_set():
                return
            reused = self.runner.is_done(part)
            try:
                self.runner.do(part, label=f'{part.name}: ')
            except (OSError, RuntimeError) as error:
                if self._stopped.is_set():
                    return
                self.failures[part.name] = str(error).strip().splitlines()[-1]
                print(f'{part.name} failed: {self.failures[part.name]}', file=sys.stderr)
                if part is job[0]:
                    break  # the others start from it
                continue
            if not reused:
                with self._lock:
                    self._tell(part)
        with self._lock:
            self.after_job()

    def _tell(self, part: Part) -> None:
        self._number += 1
        minutes = (time.perf_counter() - self._start) / 60
        count = f'[{self._number}/{self._total - self._before}]'
        print(f'{count} {part.name} done after {minutes:.1f} min', flush=True)
