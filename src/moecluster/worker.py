"""What runs on a worker and on the scheduler: it imports nothing that they may lack.

A worker that has no moecalc gets it: the files of the wheel, unpacked below its own folder, since data is read by path. One
that has another moecalc, or another Python, is left alone. One that is ready offers a resource, for chunks to ask for it.
"""

import importlib.util
import io
import os
import sys
import time
import zipfile

from distributed import WorkerPlugin, get_worker

PACKAGE = "moecalc"


class Package(WorkerPlugin):
    """Makes a worker ready, those that join later too."""

    def __init__(self, archive: bytes, identity: dict, resource: str):
        self.archive, self.identity, self.resource = archive, identity, resource
        self.name = resource

    async def setup(self, worker):
        try:
            await self.forget_other(worker)
            if importlib.util.find_spec(PACKAGE) is None:
                self.unpack(os.path.join(worker.local_directory, self.resource))
            self.why = self.problem()
        except Exception as error:  # such as a full disk: this worker is not used, the others are
            self.why = f"it could not take the package, {type(error).__name__}: {error}"
        if not self.why and worker.state.total_resources.get(self.resource) != worker.state.nthreads:
            await worker.set_resources(**{self.resource: worker.state.nthreads})

    async def forget_other(self, worker) -> None:
        """Drop what was sent with other sources before, unless it is at work."""
        sent = [path for path in sys.path if path.startswith(os.path.join(worker.local_directory, PACKAGE))]
        other = [path for path in sent if os.path.basename(path) != self.resource]
        if not other or worker.state.executing_count:
            return
        await worker.set_resources(**{os.path.basename(path): 0 for path in other})
        sys.path[:] = [path for path in sys.path if path not in other]
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]

    def unpack(self, folder: str) -> None:
        with zipfile.ZipFile(io.BytesIO(self.archive)) as zipped:
            zipped.extractall(folder)
        sys.path.insert(0, folder)
        importlib.invalidate_caches()

    def problem(self) -> str:
        """Why this worker is not used; empty where it is."""
        try:
            from moecalc.cli.jobs.package import identity

            found = identity()
        except Exception as error:
            import moecalc

            version = getattr(moecalc, "__version__", "without a version")
            return f"it has moecalc {version} in {moecalc.__file__}, which does not answer ({type(error).__name__})"
        other = [f"{key} {found[key]} instead of {value}" for key, value in self.identity.items() if found[key] != value]
        return f"it has {', '.join(other)}" if other else ""


def compute(resource: str, kind: str, question: str, num_chunks: int, chunks: tuple) -> tuple | None:
    """(texts of some chunks, seconds that they took); None from a worker that is not to be used."""
    if why_not(get_worker(), resource):
        return None
    from moecalc.cli.jobs import compute

    began = time.perf_counter()
    texts = [compute(kind, question, chunk, num_chunks) for chunk in chunks]
    return texts, time.perf_counter() - began


def why_not(dask_worker, resource: str) -> str:
    """Why a worker is not used, as its plug-in found."""
    return getattr(dask_worker.plugins.get(resource), "why", "it did not take the package")


def workers(dask_scheduler, resource: str) -> dict:
    """Address of each worker -> threads that it offers, 0 where it is not ready."""
    ready = dask_scheduler.resources.get(resource, {})
    return {address: int(ready.get(address, 0)) for address in dask_scheduler.workers}
