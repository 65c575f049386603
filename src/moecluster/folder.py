"""A folder at any address that fsspec opens, with what :class:`moecalc.cli.jobs.folder.LocalFolder` offers."""

import fsspec

from moecalc.base.errors import InputError, quoted


class Folder:
    """Files below an address such as ``s3://bucket/search``; the entry point ``folder``."""

    def __init__(self, address: str):
        self.address = address
        try:
            self.files, self.path = fsspec.core.url_to_fs(address)
        except (ValueError, ImportError) as error:
            reason = " ".join(str(error).split())
            where = f"cannot use the folder {quoted(address, 200)}"
            raise InputError(f"{where}: {reason}; an address of fsspec is accepted") from None
        self.files.makedirs(self.path, exist_ok=True)

    def names(self) -> list:
        self.files.invalidate_cache(self.path)
        return [name.rstrip("/").rpartition("/")[2] for name in self.files.ls(self.path, detail=False)]

    def read(self, name: str) -> bytes:
        return self.files.cat_file(f"{self.path}/{name}")

    def write(self, name: str, data: bytes) -> None:
        """The whole file or none: it gets its name when it is complete."""
        path = f"{self.path}/{name}"
        self.files.pipe_file(f"{path}.part", data)
        self.files.mv(f"{path}.part", path)
