"""Things of :mod:`.worker` on their way to where moecluster is not installed."""

import inspect

import cloudpickle

from . import worker

cloudpickle.register_pickle_by_value(worker)

#: Makes one of the things that a source defines.
MAKE = "[made := {'__name__': 'moecluster.worker'}, exec(source, made), made[name](*args) if args else made[name]][-1]"


def from_text(name: str, *args) -> tuple:
    """How pickle makes such a thing anew from its source; unlike what is compiled, a source suits every Python."""
    return eval, (MAKE, {"source": inspect.getsource(worker), "name": name, "args": args})


class Package(worker.Package):
    """The plug-in, which goes to every worker, whatever Python it runs."""

    def __reduce__(self):
        return from_text("Package", self.archive, self.identity, self.resource)


class WhyNot:
    """The question to a worker that is not used, whatever Python it runs."""

    def __call__(self, dask_worker, resource: str):
        return worker.why_not(dask_worker, resource)

    def __reduce__(self):
        return from_text("why_not")


class ByValue:
    """A function, compiled: quicker than its source, for workers and schedulers of the same Python."""

    def __init__(self, function):
        self.function, self.text = function, cloudpickle.dumps(function)

    def __call__(self, *args, **named):
        return self.function(*args, **named)

    def __reduce__(self):
        return cloudpickle.loads, (self.text,)
