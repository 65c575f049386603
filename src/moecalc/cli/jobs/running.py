"""Runs a job: here, in several processes of this machine, or on a cluster, and goes on with what a folder has of it."""

import json
import os
import time
from collections.abc import Iterator

from ...base.errors import InputError
from . import Job, Stopped, canonical, compute, kind_of
from .extras import extra
from .folder import Kept, folder_at
from .progress import Progress

#: A job that takes less needs no other process: each takes a while to start [s]
ALONE_S = 0.5


def add_running(parser) -> None:
    """--processes, --dask and --folder."""
    from ..arguments import whole

    group = parser.add_argument_group("where it runs")
    group.add_argument("--processes", type=whole, metavar="N", help="of this machine; without it one for each core")
    where = "the scheduler of a Dask cluster, such as tcp://10.0.0.1:8786; or local, which starts one on this machine"
    group.add_argument("--dask", metavar="ADDRESS", help=where)
    keeps = "keep what is finished there, and go on from it: a path, or any address that fsspec opens, such as s3://..."
    group.add_argument("--folder", metavar="ADDRESS", help=keeps)


def run_job(job: Job, args):
    """The answer of a job, run as `add_running`'s options say; what it finished is told on stderr.

    Raises
    ------
    InputError
        If it ends before its end; the sentence says what is kept.
    """
    if args.processes is not None and not 1 <= args.processes <= 1024:
        raise InputError(f"processes must be a whole number from 1 to 1,024; found {args.processes}")
    kept = None
    if args.folder is not None:
        kept = Kept(folder_at(args.folder), job)
        job = kept.job
    kind = kind_of(job.kind)
    whole, done = kind.Whole(job.question), bytearray(job.num_chunks)

    def add(chunk, text):
        whole.add(chunk, json.loads(text))
        done[chunk] = 1

    with Progress(kind.UNIT, kind.size(job.question), job.num_chunks) as progress:
        try:
            if kept:
                for chunk in range(job.num_chunks):
                    if (text := kept.read(chunk)) is not None:
                        add(chunk, text)
                progress.begin(kept.count)
            missing = (chunk for chunk in range(job.num_chunks) if not done[chunk])
            computed = results(job, missing, args, progress)
            try:
                for chunk, text in computed:
                    if kept:
                        kept.write(chunk, text)
                    add(chunk, text)
                    progress.step()
            finally:
                computed.close()
        except (Stopped, KeyboardInterrupt) as error:
            why = str(error) or "stopped"
            raise InputError(f"{why}; {kept.told() if kept else 'nothing is kept, since no --folder is given'}") from None
    return whole.finish()


def results(job: Job, chunks: Iterator, args, progress) -> Iterator:
    """(chunk, text) of each of the chunks, as they are finished."""
    if args.dask is not None:
        return extra("dask")(job, chunks, args.dask, args.processes, progress.say)
    return _on_this_machine(job, chunks, args.processes or os.cpu_count() or 1, progress.say)


def _on_this_machine(job, chunks, processes, say) -> Iterator:
    """Alone at first, and with further processes once it takes long."""
    question, began = canonical(job.question), time.monotonic()
    for chunk in chunks:
        yield chunk, compute(job.kind, question, chunk, job.num_chunks)
        if processes > 1 and time.monotonic() - began > ALONE_S:
            from .processes import in_processes

            yield from in_processes(job, question, chunks, processes, say)
