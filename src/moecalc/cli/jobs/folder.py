"""What is finished of a job, in a folder: its question, and a file for each chunk, so that it can be gone on with.

A chunk's file begins with the digest of what follows: half of one, or one that was changed, is computed again.
"""

import hashlib
import json
import os
from contextlib import suppress

from ...base.errors import InputError, quoted
from . import Job, canonical
from .package import identity

QUESTION = "question.json"
#: So many differences are named.
MOST_NAMED = 3


class LocalFolder:
    """Files of a folder of this machine; :func:`.extras.extra` has one like it for other addresses."""

    def __init__(self, address: str):
        self.address = address
        os.makedirs(address, exist_ok=True)

    def names(self) -> list:
        return os.listdir(self.address)

    def read(self, name: str) -> bytes:
        with open(os.path.join(self.address, name), "rb") as file:
            return file.read()

    def write(self, name: str, data: bytes) -> None:
        """The whole file or none: it gets its name when it is complete."""
        path = os.path.join(self.address, name)
        try:
            with open(f"{path}.part", "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(f"{path}.part", path)
        except OSError:
            with suppress(OSError):
                os.remove(f"{path}.part")
            raise


def folder_at(address: str):
    """The folder at an address: a path, or with ``://`` what fsspec opens."""
    from .extras import extra

    try:
        if "://" in address and not address.startswith("file://"):
            return extra("folder")(address)
        return LocalFolder(os.path.expanduser(address.removeprefix("file://")))
    except OSError as error:
        raise InputError(f"cannot use the folder {quoted(address, 200)}: {error.strerror or error}") from None


class Kept:
    """The finished chunks of one job in a folder."""

    def __init__(self, folder, job: Job):
        self.folder = folder
        names = self._try("read", folder.names)
        self.job = self._begun(job, QUESTION in names)
        self.stored = {name for name in names if name.startswith("chunk-") and name.endswith(".json")}
        self.count = 0  #: chunks that are known to be kept whole

    def _begun(self, job: Job, before: bool) -> Job:
        """The job as it was begun here, in the same chunks; refuses the folder of another."""
        told = {"kind": job.kind, "question": job.question, **identity()}
        if before:
            try:
                found = json.loads(self._try("read", self.folder.read, QUESTION))
                num_chunks = found.pop("num_chunks")
            except (ValueError, KeyError, AttributeError):
                what = "holds a question.json that cannot be read; another folder is accepted"
                raise InputError(f"{self._where()} {what}") from None
            if found != told:
                what = "; ".join(differences(found, told)[:MOST_NAMED])
                raise InputError(f"{self._where()} is of another question: {what}; another folder is accepted")
            return job._replace(num_chunks=num_chunks)
        text = canonical({**told, "num_chunks": job.num_chunks})
        self._try("write", self.folder.write, QUESTION, text.encode())
        return job

    def read(self, chunk: int):
        """A finished chunk as text; None where it is not there or not whole."""
        name = self._name(chunk)
        if name not in self.stored:
            return None
        digest, _, text = self._try("read", self.folder.read, name).partition(b"\n")
        if digest != _digest(text):
            return None
        self.count += 1
        return text.decode()

    def write(self, chunk: int, text: str) -> None:
        data = text.encode()
        self._try("write", self.folder.write, self._name(chunk), _digest(data) + b"\n" + data)
        self.count += 1

    def told(self) -> str:
        """How much is kept, where, and what to do."""
        return (
            f"{self.count:,} of {self.job.num_chunks:,} chunks are kept in {self.folder.address}; the same command computes "
            f"what is missing"
        )

    def _try(self, verb, call, *args):
        try:
            return call(*args)
        except OSError as error:
            reason = error.strerror or str(error)
            kept = f"; {self.told()}, once there is room" if verb == "write" and hasattr(self, "count") else ""
            raise InputError(f"cannot {verb} {self._where()}: {reason}{kept}") from None

    def _where(self):
        return f"the folder {quoted(self.folder.address, 200)}"

    def _name(self, chunk) -> str:
        return f"chunk-{chunk:06d}.json"


def differences(there, here, name: str = "") -> list:
    """What differs between two JSON values, by dotted names.

    >>> differences({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}})
    ['b.c is 2 there and 3 here']
    """
    if isinstance(there, dict) and isinstance(here, dict):
        keys = list(dict.fromkeys([*there, *here]))
        return [one for key in keys for one in differences(there.get(key), here.get(key), f"{name}.{key}" if name else key)]
    return [] if there == here else [f"{name} is {_short(there)} there and {_short(here)} here"]


def _short(value) -> str:
    text = "nothing" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()
