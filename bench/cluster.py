"""python -m bench.cluster: what a cluster adds to a search, measured here, and how far it would carry, simulated.

Measured on this machine: two workers beside one, what a chunk costs beside its own time, and the memory of driver and
scheduler over 10^8 layouts. Simulated with these numbers: how busy 16, 256 and 1,024 workers would be.
"""

import argparse
import heapq
import json
import os
import resource
import statistics
import sys
import time

from distributed import LocalCluster

from moecalc.cli.jobs import Job, canonical, compute, job_of
from moecalc.cli.jobs.planners import CHUNKS, planner
from moecalc.training.planner.question import ask
from moecluster import driver

from . import cluster_stub as stub

STUB = stub.__name__
#: Layouts of a chunk
CHUNK = CHUNKS["plan"]
#: Length of a stubbed chunk [s], and how many there are.
CHUNK_S, NUM_CHUNKS = 0.1, 100
#: Layouts of the large space.
LAYOUTS = 10**8
WORKERS = (16, 256, 1024)
#: Window that makes two workers take as many tasks as a hundred.
MANY = 100


def seconds_of(job: Job, cluster) -> tuple:
    """Seconds that a cluster takes for a job, merge included, from the first chunk that is back; and those of the chunks."""
    whole, began = stub.Whole(job.question), None
    for _, text in driver.results(job, iter(range(job.num_chunks)), cluster.scheduler_address, None, print):
        whole.add(0, json.loads(text))
        if began is None:
            began, whole.took_s = time.perf_counter(), 0.0
    return time.perf_counter() - began, whole.took_s


def workers(num: int):
    """A cluster of so many processes."""
    return LocalCluster(n_workers=num, threads_per_worker=1, dashboard_address=":0")


def two_beside_one() -> None:
    """Chunks that wait, which tell the overhead; and chunks that compute, which share the cores with all else that runs."""
    taken = {}
    for num in (1, 2):
        with workers(num) as cluster:
            for spins in (False, True):
                job = job_of(STUB, stub.question(CHUNK * NUM_CHUNKS, NUM_CHUNKS, CHUNK_S, spins))
                taken[num, spins] = seconds_of(job, cluster)
    for spins, what in ((False, "wait"), (True, "compute")):
        ratio = taken[1, spins][0] / taken[2, spins][0]
        # the first chunks of all workers end together
        over = [(wall * num - own) / (NUM_CHUNKS - 1) * 1e3 for num in (1, 2) for wall, own in [taken[num, spins]]]
        print(f"chunks that {what} {CHUNK_S * 1e3:.0f} ms: two workers {ratio:.2f} times one (goal 1.8);", end=" ")
        print(f"beside chunks a worker waits {over[0]:.2f} ms a chunk, with two workers {over[1]:.2f} ms (goal 1 ms)")


def costs() -> tuple:
    """Processor seconds of driver and scheduler, both in this process: (of a task, of a chunk with its merge).

    Tasks are sent and taken back as many at a time as are ready: the more workers, the less each costs. Two workers with a
    longer window stand for many.
    """
    used, usual = {}, (driver.TASK_S, driver.TASK_S_A_THREAD, driver.WINDOW)
    with workers(2) as cluster:
        for task_s, num in ((usual, 200), ((0, 0, 2), 1500), ((0, 0, MANY), 3000), (usual, 6000)):
            driver.TASK_S, driver.TASK_S_A_THREAD, driver.WINDOW = task_s
            began, start = time.perf_counter(), time.process_time()
            seconds_of(job_of(STUB, stub.question(CHUNK * num, num)), cluster)
            used[task_s] = (time.process_time() - start) / num
            how = f"{'many' if task_s[0] else 'one'} a task, {2 * task_s[2]} tasks under way"
            print(f"{num:,} chunks of no time, {how}: ", end="")
            print(f"{num / (time.perf_counter() - began):,.0f} a second, {used[task_s] * 1e3:.2f} ms of the processor each")
    return used[0, 0, MANY] - used[usual], used[usual]


def memory() -> None:
    """Memory of driver and scheduler, one process, over all chunks of a space of 10^8 layouts."""
    job = job_of(STUB, stub.question(LAYOUTS, LAYOUTS // CHUNK))
    whole = stub.Whole(job.question)
    marks = {job.num_chunks * share // 100: share for share in (1, 5, 10, 25, 50, 75, 100)}
    with workers(2) as cluster:
        began, tasks = time.perf_counter(), 0
        found = driver.results(job, iter(range(job.num_chunks)), cluster.scheduler_address, None, print)
        for done, (chunk, text) in enumerate(found, start=1):
            whole.add(chunk, json.loads(text))
            tasks = max(tasks, len(cluster.scheduler.tasks))
            if done in marks:
                told = f"{marks[done]:3} % of {job.num_chunks:,} chunks: {resident():.1f} MB, at most {tasks} tasks"
                print(f"{told} at the scheduler, {time.perf_counter() - began:.0f} s", flush=True)
    assert whole.finish().num_considered == LAYOUTS


def resident() -> float:
    """Memory of this process now [MB]; at most so far where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def chunk_seconds(num: int = 40) -> list:
    """Processor seconds of real chunks of a search, V3 on 2,048 GPUs, spread over its space."""
    job = planner("plan").job(ask("deepseek-v3", "h800-sxm", 2048, 15360, 4096))
    taken = []
    for place in range(num):
        start = time.process_time()
        compute(job.kind, canonical(job.question), job.num_chunks * place // num, job.num_chunks)
        taken.append(time.process_time() - start)
    middle, mean = statistics.median(taken), statistics.fmean(taken)
    print(f"{num} of {job.num_chunks:,} real chunks of {CHUNK:,} layouts: median {middle:.2f} s of the processor, ", end="")
    print(f"mean {mean:.2f} s, longest {max(taken):.2f} s")
    return taken


def simulated(seconds: list, num_workers: int, task_s: float, chunk_s: float, num_chunks: int) -> float:
    """Share of the time that workers compute, all else going as the driver has it.

    Driver and scheduler are one server, which takes `task_s` for a task and `chunk_s` for each chunk of it, in the order in
    which workers ask. A worker has a window of tasks, so it waits only where the server is late by more than a task.
    """
    mean, free, sent, end = statistics.fmean(seconds), 0.0, 0, 0.0
    lie = [[] for _ in range(num_workers)]  # tasks at a worker: (since when, seconds)
    until = [0.0] * num_workers  # when a worker has done what it began
    events = []  # (end of a task, worker)

    def send(now, one):
        nonlocal free, sent
        size = min(driver.task_size(num_workers, mean, num_chunks - sent), num_chunks - sent)
        if size:
            free = max(free, now) + task_s + chunk_s * size
            lie[one].append((free, sum(seconds[number % len(seconds)] for number in range(sent, sent + size))))
            sent += size

    def start(one):
        if lie[one]:
            at, took = lie[one].pop(0)
            until[one] = max(until[one], at) + took
            heapq.heappush(events, (until[one], one))

    for _ in range(driver.WINDOW):
        for one in range(num_workers):
            send(0.0, one)
    for one in range(num_workers):
        start(one)
    while events:
        end, one = heapq.heappop(events)
        send(end, one)
        start(one)
    work = sum(seconds[number % len(seconds)] for number in range(num_chunks))
    return work / (num_workers * end)


def simulate(seconds: list, task_s: float, chunk_s: float) -> None:
    """Efficiency at some numbers of workers, and the number at which it falls below a half."""
    print(f"simulated, with {task_s * 1e3:.2f} ms a task and {chunk_s * 1e3:.2f} ms a chunk:")
    measured = f"chunks as measured, mean {statistics.fmean(seconds):.2f} s"
    cases = (LAYOUTS, measured, seconds), (10 * LAYOUTS, measured, seconds), (LAYOUTS, "chunks of 100 ms", [CHUNK_S])
    for layouts, name, times in cases:
        num_chunks = layouts // CHUNK
        what = f"{layouts:,} layouts, {name}"
        found = {num: simulated(times, num, task_s, chunk_s, num_chunks) for num in WORKERS}
        powers = (2**power for power in range(4, 17))
        broken = next(num for num in powers if simulated(times, num, task_s, chunk_s, num_chunks) < 0.5)
        print(f"  {what}: " + ", ".join(f"{num:,} workers {share:.0%}" for num, share in found.items()), end="")
        print(f"; below a half at {broken:,}; the driver's merge alone is full at {statistics.fmean(times) / chunk_s:,.0f}")


def main() -> None:
    parts = ("two", "memory", "simulate")
    parser = argparse.ArgumentParser(prog="python -m bench.cluster", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts)}; without it all")
    asked = parser.parse_args().parts or parts
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    if "two" in asked:
        two_beside_one()
    if "memory" in asked:
        memory()
    if "simulate" in asked:
        simulate(chunk_seconds(), *costs())


if __name__ == "__main__":
    main()
