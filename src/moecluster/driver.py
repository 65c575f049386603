"""Chunks of a job on a Dask cluster, a window of them at a time: neither the scheduler nor this process holds more.

Workers need nothing but Python and Dask (see :mod:`.worker`). A lost worker costs its chunks, which are computed again; what
cannot be gone on with raises :class:`moecalc.cli.jobs.Stopped` with a sentence.
"""

import asyncio
import contextlib
import logging
import os
import queue
import time
from itertools import islice

from distributed import Client, KilledWorker, LocalCluster, Security
from distributed.comm import connect

from moecalc.base.errors import InputError, quoted
from moecalc.cli.jobs import Stopped, canonical
from moecalc.cli.jobs.package import archive, identity

from . import worker
from .sent import ByValue, Package, WhyNot

#: A scheduler that does not answer so long is not there [s]
TIMEOUT_S = 10
#: Tasks that a thread of a worker has at once: the one it computes and the next.
WINDOW = 2
#: A task is as many chunks as take so long, and longer where there are many threads: what it costs to send stays small [s]
TASK_S, TASK_S_A_THREAD = 0.5, 0.005
#: How often the workers are looked at [s]
LOOK_S = 2
#: Without one usable worker it waits so long for one to join [s]
PATIENCE_S = 600


def results(job, chunks, address: str, processes: int | None, say):
    """(chunk, text) of each of the chunks, as a cluster finishes them; the entry point ``dask``.

    `address` is a scheduler's, or ``local`` for a cluster of so many `processes` on this machine; `say` is told sentences.
    """
    for name in logging.root.manager.loggerDict:
        if name.startswith("distributed"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what a reader must know is said here
    with contextlib.ExitStack() as stack:
        if address == "local":
            count = processes or os.cpu_count() or 1
            cluster = stack.enter_context(LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=":0"))
            address = cluster.scheduler_address
        client = connected(address)
        stack.callback(_close, client)
        yield from Run(client, job, say).results(chunks)


def task_size(threads: int, chunk_s: float, left: int) -> int:
    """Chunks of a task, where a chunk takes `chunk_s` [s] and so many are left: fewer towards the end, to end together."""
    wanted = max(TASK_S, TASK_S_A_THREAD * threads) / max(chunk_s, 1e-6)
    return max(1, int(min(wanted, left / (2 * WINDOW * max(threads, 1)))))


def connected(address: str) -> Client:
    """A client of the scheduler at an address; refuses one where none answers."""
    try:
        asyncio.run(_call(address))  # a Client that finds none does not end well
        client = Client(address, timeout=TIMEOUT_S, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        why = "" if isinstance(error, OSError) else f" ({' '.join(str(error).split())[:100]})"
        accepted = "accepted are an address such as tcp://10.0.0.1:8786, and local"
        raise InputError(f"no scheduler answers at {quoted(address, 200)} within {TIMEOUT_S} s{why}; {accepted}") from None
    there = dict(client.get_versions()["scheduler"]["host"])["python"].split(".")[:2]
    here = identity()["python"].split()[1]
    if ".".join(there) != here:
        _close(client)
        found = ".".join(there)
        raise InputError(f"the scheduler at {address} runs Python {found}, this command {here}; the same is needed")
    return client


class Run:
    """One job on a cluster."""

    def __init__(self, client: Client, job, say):
        self.client, self.job, self.say = client, job, say
        self.question = canonical(job.question)
        self.resource = "moecalc-" + "-".join(identity().values()).replace(" ", "-")
        self.function = ByValue(worker.compute)
        self.done = queue.SimpleQueue()  #: futures that ended
        self.running = {}  #: future -> its chunks
        self.next, self.chunk_s = 0, None  #: the chunk after those sent; what one takes, as measured [s]
        self.threads, self.seen, self.refused = {}, set(), {}  #: address -> threads; all addresses; address -> why not
        self.looked = self.had_some = 0.0
        self.waits, self.again = False, []  #: chunks to be sent once more

    def results(self, chunks):
        """(chunk, text), a window of them under way."""
        package = Package(archive(), identity(), self.resource)
        with self.told_apart():
            self.client.register_plugin(package, name=self.resource)
            self.had_some = time.monotonic()
            more = True
            while more or self.again or self.running:
                if time.monotonic() - self.looked > LOOK_S:
                    self.again += self.look()
                room = WINDOW * sum(self.threads.values()) - len(self.running)
                tasks = []
                while len(tasks) < room:
                    taken, self.again = self.again[: self.size()], self.again[self.size() :]
                    taken = taken or list(islice(chunks, self.size()))
                    if not (more := bool(taken)):
                        break
                    tasks.append(tuple(taken))
                self.submit(tasks)
                yield from self.texts(self.ended())

    def size(self) -> int:
        """Chunks of the next task."""
        if self.chunk_s is None:
            return 1
        return task_size(sum(self.threads.values()), self.chunk_s, self.job.num_chunks - self.next)

    def submit(self, tasks: list) -> None:
        """Sends tasks off, each some chunks."""
        if not tasks:
            return
        self.next = max(self.next, *(chunks[-1] + 1 for chunks in tasks))
        own = self.resource, self.job.kind, self.question, self.job.num_chunks
        args = zip(*((*own, chunks) for chunks in tasks), strict=True)
        # a scheduler looks at every worker for a task that asks for a resource, which is slow where there are many
        asks_for = {self.resource: 1} if self.refused else None
        futures = self.client.map(self.function, *args, pure=False, resources=asks_for, key="moecalc-chunk")
        for future, chunks in zip(futures, tasks, strict=True):
            self.running[future] = chunks
            future.add_done_callback(self.done.put)

    def ended(self) -> list:
        """Futures that ended, once there are some or it is time to look at the workers."""
        found = []
        with contextlib.suppress(queue.Empty):
            found.append(self.done.get(timeout=LOOK_S))
            while True:
                found.append(self.done.get_nowait())
        return [future for future in found if future in self.running]

    def texts(self, futures: list) -> list:
        """(chunk, text) of futures that ended; those of a worker that is not to be used are sent again."""
        for future in futures:
            if future.cancelled():
                raise ConnectionError("the scheduler forgot its tasks")
            if future.status == "error":
                numbers = ", ".join(map(str, self.running[future][:5]))
                raise Stopped(f"chunk {numbers} {failure(future.exception())}")
        found = []
        for future, told in zip(futures, self.client.gather(futures), strict=True):
            chunks = self.running.pop(future)
            future.release()
            if told is None:
                self.again += chunks
                self.looked = 0  # to learn at once which worker that is
                continue
            texts, seconds = told
            mean_s = seconds / len(chunks)
            self.chunk_s = mean_s if self.chunk_s is None else 0.8 * self.chunk_s + 0.2 * mean_s
            found += zip(chunks, texts, strict=True)
        return found

    def look(self) -> list:
        """Looks at the workers, says what changed, and returns the chunks that none of them will finish."""
        self.looked = time.monotonic()
        found = self.client.run_on_scheduler(ByValue(worker.workers), resource=self.resource)
        ready = {address: threads for address, threads in found.items() if threads}
        if lost := self.threads.keys() - found.keys():
            self.say(f"{len(lost)} workers were lost, such as {min(lost)}; their chunks are computed again")
        self.ask_why(found.keys() - ready.keys())
        stranded = self.threads and not self.threads.keys() & ready.keys()
        if ready:
            self.had_some, self.waits = self.looked, False
        elif not found and not self.waits:
            self.waits = True
            self.say(f"the cluster has no worker; waiting up to {PATIENCE_S} s for one to join")
        elif self.looked - self.had_some > PATIENCE_S or (found and found.keys() <= self.refused.keys()):
            raise Stopped(self.none_left(found))
        self.threads = ready
        if not stranded:
            return []
        futures, self.running = self.running, {}  # a scheduler does not take up again what no worker could do
        self.client.cancel(list(futures))
        return [chunk for chunks in futures.values() for chunk in chunks]

    def ask_why(self, addresses: set) -> None:
        """Says of workers that are not used why."""
        if not (unknown := [one for one in addresses if one not in self.refused]):
            return
        told = self.client.run(WhyNot(), resource=self.resource, workers=unknown, on_error="return")
        for address, why in told.items():
            if why:  # else it is not ready yet
                self.refused[address] = why if isinstance(why, str) else f"it did not answer ({type(why).__name__})"
                self.say(f"worker {address} is not used: {self.refused[address]}")

    def none_left(self, found) -> str:
        if not found:
            return f"the cluster has had no worker for {PATIENCE_S} s"
        address = next((one for one in found if one in self.refused), None)
        why = f": {address}, for one, because {self.refused[address]}" if address else ""
        return f"none of the cluster's {len(found)} workers can be used{why}"

    @contextlib.contextmanager
    def told_apart(self):
        """Turns the loss of the scheduler into a sentence."""
        where = self.client.scheduler.address if self.client.scheduler else "its address"
        try:
            yield
        except (OSError, asyncio.CancelledError, RuntimeError) as error:
            raise Stopped(f"the scheduler at {where} was lost ({type(error).__name__})") from None


async def _call(address: str) -> None:
    """Calls a scheduler, no more."""
    comm = await connect(address, timeout=TIMEOUT_S, **Security().get_connection_args("client"))
    await comm.close()


def failure(error: BaseException) -> str:
    """How a sentence goes on that says which chunk failed."""
    if isinstance(error, KilledWorker):
        lost = getattr(error.last_worker, "address", "?")
        times = error.allowed_failures + 1
        return f"was lost with its worker {times} times, at last with {lost}: the workers may want for memory"
    return f"failed, {type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _close(client: Client) -> None:
    with contextlib.suppress(Exception):  # a scheduler that is gone cannot be told
        client.close(timeout=2)
