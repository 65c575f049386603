"""What runs on a worker and on the scheduler. It travels by value, so it imports nothing that they may lack.

A worker that has no moecalc gets it: the files of the wheel, unpacked below its own folder, since data is read by path. One
that has another moecalc, or another Python, is left alone. One that is ready offers a resource, and the chunks ask for it.
"""

from distributed import WorkerPlugin


class Package(WorkerPlugin):
    """Makes a worker ready, those that join later too."""

    idempotent = True  # sent once, for all jobs of the same sources

    def __init__(self, archive: bytes, identity: dict, resource: str):
        self.archive, self.identity, self.resource = archive, identity, resource
        self.name = resource

    async def setup(self, worker):
        import importlib.util
        import os
        import sys

        if importlib.util.find_spec("moecalc") is None:
            sys.path.insert(0, self.unpacked(os.path.join(worker.local_directory, self.resource)))
            importlib.invalidate_caches()
        self.why = self.problem()
        if not self.why:
            await worker.set_resources(**{self.resource: worker.state.nthreads})

    def unpacked(self, folder: str) -> str:
        import io
        import zipfile

        with zipfile.ZipFile(io.BytesIO(self.archive)) as zipped:
            zipped.extractall(folder)
        return folder

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


def compute(kind: str, question: str, chunk: int, num_chunks: int) -> str:
    """One chunk; moecalc is there by now."""
    from moecalc.cli.jobs import compute

    return compute(kind, question, chunk, num_chunks)


def why_not(dask_worker, resource: str) -> str:
    """Why a worker is not used, as its plug-in found."""
    plugin = dask_worker.plugins.get(resource)
    return getattr(plugin, "why", "") if plugin else "it did not take the package"


def workers(dask_scheduler, resource: str) -> dict:
    """Address of each worker -> threads that it offers, 0 where it is not ready."""
    ready = dask_scheduler.resources.get(resource, {})
    return {address: int(ready.get(address, 0)) for address in dask_scheduler.workers}
