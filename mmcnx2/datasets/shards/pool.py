"""One job a shard, in several processes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

Job, Result = TypeVar('Job'), TypeVar('Result')


def run_jobs(
    work: Callable[[Job], Result], jobs: Sequence[Job], workers: int
) -> Iterator[tuple[Job, Result]]:
    """Yield each job with its result, in the order in which they are done.

    Args:
        work: A function of a module, which the processes import.
        jobs: What it is given.
        workers: Processes; with one, the work is done in this process.
    """
    if workers <= 1:
        yield from ((job, work(job)) for job in jobs)
        return
    context = get_context('forkserver')
    context.set_forkserver_preload([work.__module__])  # one process imports it, not every one
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        pending = {pool.submit(work, job): job for job in jobs}
        try:
            for future in as_completed(pending):
                yield pending[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)
