"""torchrun for runs that are told to go, save, and go on after a death.

torchrun itself takes a signal for the end: it waits 30 seconds for its processes, then kills them,
and ends with 1 whatever they ended with; SIGUSR1 kills it. And it starts a process anew whose
checkpoint is saved and whose machine is wanted back.
"""

import os
import signal
import sys
from argparse import Namespace
from collections.abc import Sequence
from functools import partial

from torch.distributed.elastic.agent.server.api import RunResult, WorkerGroup, WorkerState
from torch.distributed.elastic.agent.server.local_elastic_agent import LocalElasticAgent
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher import api
from torch.distributed.run import determine_local_world_size, parse_args, run

from mmcnx2.processes.following import followed
from mmcnx2.processes.signals import MAY_TELL, STOPPED, TRY_AGAIN, listen, status_after
from mmcnx2.processes.threads import settle_threads


def launch(arguments: Sequence[str]) -> int:
    """Start processes as torchrun does, for as long as it takes them to end.

    - Signals are handed on to the processes, which are left the time that they need. If they have
      been told to go, none is started anew.
    - A process that dies costs one restart (``--max-restarts``).
    - If this process is killed, its processes save and go.

    Args:
        arguments: torchrun's options, the script and its arguments.

    Returns:
        The status to end with: 0 after success; 75 if the processes were told to go or one of them
        ended with it, 130 after Ctrl-C; else that of the first one to fail, as shells count.

    Raises:
        SystemExit: With 75 or 130, if told to go before there are processes.
    """
    args = parse_args(list(arguments))
    _meet_anew(args)
    # Else torchrun says one thread a process, and that looks like the user's wish.
    settle_threads(processes=determine_local_world_size(args.nproc_per_node))
    os.environ.update(followed())
    orders = _Orders()
    orders.listen()
    api.LocalElasticAgent = partial(_Agent, orders)  # torchrun has no option for its agent
    try:
        run(args)
    except SignalException as error:  # in the moment in which torchrun's own handlers are there
        return status_after(error.sigval)
    except ChildFailedError as error:
        status = _status(error, orders.told)
        if status not in (TRY_AGAIN, STOPPED):
            print(error, file=sys.stderr)
        return status
    return 0


def _meet_anew(args: Namespace) -> None:
    """Have restarted processes meet in a store of their own.

    In the store that torchrun's agents share with the processes, they would find the address of
    the dead one and die of it, once or twice (pytorch/pytorch#135712, #167288). A static
    rendezvous knows no other store.
    """
    os.environ.setdefault('TORCH_DISABLE_SHARE_RDZV_TCP_STORE', '1')
    if args.max_restarts and args.rdzv_backend == 'static' and not args.standalone:
        args.rdzv_backend = 'c10d'
        args.rdzv_endpoint = args.rdzv_endpoint or f'{args.master_addr}:{args.master_port}'
        host = f'is_host={int(int(args.node_rank) == 0)}'
        args.rdzv_conf = ','.join(filter(None, [args.rdzv_conf, host]))


class _Orders:
    """The latest signal that told the job to go, and the processes that it is handed on to."""

    def __init__(self):
        self.told = 0
        self.processes = ()
        numbers = [getattr(signal, name) for name in MAY_TELL]
        self._ignored = [number for number in numbers if signal.getsignal(number) == signal.SIG_IGN]
        self._heard = [number for number in numbers if number not in self._ignored]

    def listen(self) -> None:
        """Hand signals on from now on, whoever listens now; under ``nohup`` not SIGHUP."""
        for number in self._ignored:
            signal.signal(number, signal.SIG_IGN)
        listen(self._heard, self._hand_on)

    def _hand_on(self, number: int, frame) -> None:
        self.told = number
        self.go_if_alone()
        for process in self.processes:
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass  # it has ended, which the agent has yet to see

    def go_if_alone(self) -> None:
        """End, if the job is told to go and has no processes."""
        if self.told and not self.processes:
            raise SystemExit(status_after(self.told))


class _Agent(LocalElasticAgent):
    """torchrun's agent, which starts no process anew that was told to go."""

    def __init__(self, orders: _Orders, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._orders = orders

    def _start_workers(self, worker_group: WorkerGroup) -> dict:
        self._orders.go_if_alone()
        processes = super()._start_workers(worker_group)
        self._orders.processes = tuple(processes.values())
        self._orders.listen()  # torch has just begun to listen itself
        return processes

    def _stop_workers(self, *args, **kwargs) -> None:
        super()._stop_workers(*args, **kwargs)
        self._orders.processes = ()

    def _monitor_workers(self, worker_group: WorkerGroup) -> RunResult:
        result = super()._monitor_workers(worker_group)
        if result.state == WorkerState.FAILED:
            statuses = {failure.exitcode for failure in result.failures.values()}
            if self._orders.told or statuses & {TRY_AGAIN, STOPPED}:
                self._remaining_restarts = 0
        return result


def _status(error: ChildFailedError, told: int) -> int:
    statuses = [failure.exitcode for failure in error.failures.values()]
    for status in (TRY_AGAIN, STOPPED):
        if status in statuses:
            return status
    first = error.get_first_failure()[1].exitcode
    if told and first <= 1:
        # It was killed before it could listen, or failed because others had gone.
        return status_after(told)
    return first if first > 0 else 128 - first
