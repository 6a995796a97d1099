"""`Files` on a file system of pyarrow (S3 and what speaks like it, Google's, Azure's, HDFS), or of fsspec.

An object store shows an object whole or not at all, and what is written here is written in one piece from memory. On
all other file systems a file is written under another name first, and moved.

Where S3 is, and who we are, comes from the environment: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL (for what is not
Amazon's), AWS_REGION or AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and what else Amazon's library
looks at.
"""

from __future__ import annotations

import errno
import math
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from nightside.model.errors import UsageError
from nightside.store.files import LEFT_S, PART, Files, Listed, plain

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import fs

OBJECT_STORES = {"s3", "gcs", "abfs"}
"""What pyarrow calls file systems on which a file appears whole."""
CONNECT_S = 5.0
REQUEST_S = 60.0
SAID_BY = (
    *("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"),
)
"""Variables that say where S3 is, and who we are."""
ATTEMPTS = 4
"""Of one request, where the server is away or overloaded; with pauses that grow."""


@dataclass(frozen=True, slots=True)
class RemoteFiles(Files):
    """A prefix of a bucket, or a folder of another file system."""

    url: str
    """Without a slash at its end."""

    @staticmethod
    def at(url: str) -> RemoteFiles:
        """The place at this address. Raises UsageError where it cannot be one."""
        parts = urlsplit(url)
        if parts.password or parts.query or parts.fragment:
            raise UsageError(
                "the address of a storage has no password and no parameters",
                where=f"{parts.scheme}://{parts.hostname or ''}{parts.path}",
                advice="Name s3://BUCKET/PREFIX; who you are goes into the environment (AWS_ACCESS_KEY_ID, …).",
            )
        if parts.scheme == "s3" and not parts.netloc:
            raise UsageError("this names no bucket", where=url, advice="Name s3://BUCKET/PREFIX.")
        return RemoteFiles(url.rstrip("/"))

    @property
    def name(self) -> str:
        """See `Files.name`."""
        return self.url.rpartition("/")[2]

    @property
    def place(self) -> str:
        """See `Files.place`."""
        return self.url

    def child(self, name: str) -> RemoteFiles:
        """See `Files.child`."""
        return RemoteFiles(f"{self.url}/{plain(name)}")

    def _system(self) -> tuple[fs.FileSystem, str]:
        """The file system, and the path of this place there."""
        scheme, _, rest = self.url.partition("://")
        authority, _, path = rest.partition("/")
        # What is open belongs to the process, and to what its environment said.
        said = tuple(os.environ.get(name) for name in SAID_BY)
        system, root = _opened(scheme, authority, os.getpid(), said)
        return system, f"{root}/{path}".rstrip("/") if path else root

    def _at(self, name: str) -> tuple[fs.FileSystem, str]:
        system, path = self._system()
        return system, f"{path}/{plain(name)}"

    def write_bytes(self, name: str, data: bytes | pa.Buffer) -> None:
        """See `Files.write_bytes`."""
        system, path = self._at(name)
        if system.type_name in OBJECT_STORES:
            _put(system, path, data)
            return
        part = f"{path}.{uuid4().hex}{PART}"
        system.create_dir(path.rpartition("/")[0], recursive=True)
        _put(system, part, data)
        system.move(part, path)

    def open(self, name: str) -> pa.NativeFile:
        """See `Files.open`."""
        system, path = self._at(name)
        return system.open_input_file(path)

    def snapshot(self, name: str) -> pa.NativeFile:
        """See `Files.snapshot`."""
        import pyarrow as pa

        # What is open here is read piece by piece by its name, and would be another's in the middle.
        return pa.BufferReader(self.read_bytes(name))

    @contextmanager
    def parquet(self, name: str, **options: Any) -> Iterator[pq.ParquetFile]:
        """See `Files.parquet`."""
        import pyarrow.parquet as pq

        system, path = self._at(name)
        try:
            with pq.ParquetFile(path, filesystem=system, **options) as file:
                yield file
        except OSError as error:
            if "NO_SUCH_KEY" in str(error):
                raise FileNotFoundError(errno.ENOENT, "No such object", f"{self.url}/{name}") from error
            raise

    def ask(self) -> None:
        """See `Files.ask`."""
        from pyarrow import fs

        if not self.url.startswith("s3://"):
            self._infos()
            return
        system, path = self._system()
        if system.get_file_info(path.partition("/")[0]).type == fs.FileType.NotFound:
            raise OSError(f"NO_SUCH_BUCKET: {self.url}")

    def listed(self, name: str) -> Listed | None:
        """See `Files.listed`."""
        from pyarrow import fs

        system, path = self._at(name)
        info = system.get_file_info(path)
        return _listed(info) if info.type == fs.FileType.File else None

    def listing(self) -> list[Listed]:
        """See `Files.listing`."""
        return sorted((each for each in self._all() if not each.name.endswith(PART)), key=lambda f: f.name)

    def _all(self) -> Iterator[Listed]:
        from pyarrow import fs

        return (_listed(info) for info in self._infos() if info.type == fs.FileType.File)

    def _infos(self) -> list[Any]:
        from pyarrow import fs

        system, path = self._system()
        found: list[Any] = system.get_file_info(fs.FileSelector(path, allow_not_found=True))
        return found

    def children(self) -> list[str]:
        """See `Files.children`."""
        from pyarrow import fs

        return sorted(info.base_name for info in self._infos() if info.type == fs.FileType.Directory)

    def delete(self, name: str) -> None:
        """See `Files.delete`."""
        system, path = self._at(name)
        try:
            system.delete_file(path)
        except FileNotFoundError:
            return

    def delete_left(self) -> int:
        """See `Files.delete_left`. In an object store there is never any."""
        system, path = self._system()
        if system.type_name in OBJECT_STORES:
            return 0
        old = time.time() - LEFT_S
        left = [each.name for each in self._all() if each.name.endswith(PART) and each.changed_s < old]
        for name in left:
            system.delete_file(f"{path}/{name}")
        return len(left)

    def delete_all(self) -> None:
        """See `Files.delete_all`."""
        system, path = self._system()
        system.delete_dir_contents(path, missing_dir_ok=True)


def _put(system: fs.FileSystem, path: str, data: bytes | pa.Buffer) -> None:
    def put() -> None:
        with system.open_output_stream(path) as stream:
            stream.write(data)

    # In a thread, which no signal interrupts: what is closed before it was written would be there, and empty.
    with ThreadPoolExecutor(1) as alone:
        alone.submit(put).result()


def _listed(info: Any) -> Listed:
    changed_s = math.inf if info.mtime_ns is None else info.mtime_ns / 1e9
    return Listed(info.base_name, info.size or 0, changed_s)


@lru_cache(16)
def _opened(
    scheme: str, authority: str, process: int, said: tuple[str | None, ...]
) -> tuple[fs.FileSystem, str]:
    """The file system of an address, opened once, and its root there. Raises UsageError."""
    from pyarrow import fs

    if scheme == "s3":
        return _s3(), authority
    url = f"{scheme}://{authority}"
    try:
        system, path = fs.FileSystem.from_uri(url)
    except (ValueError, NotImplementedError):
        system, path = _of_fsspec(url)
    return system, path.rstrip("/")


def _s3() -> fs.S3FileSystem:
    from pyarrow import fs

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    scheme, _, host = endpoint.rpartition("://") if endpoint else ("https", "", None)
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region is None and host is not None:
        # Most servers of one's own have none; Amazon's library would ask the network for it.
        region = "us-east-1"
    return fs.S3FileSystem(
        endpoint_override=host.rstrip("/") if host else None,
        scheme=scheme or "https",
        region=region,
        connect_timeout=CONNECT_S,
        request_timeout=REQUEST_S,
        # What is small is put by one request.
        allow_delayed_open=True,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
    )


def _of_fsspec(url: str) -> tuple[fs.FileSystem, str]:
    from pyarrow import fs

    try:
        from fsspec.core import url_to_fs

        system, path = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise UsageError(
            f"no storage that can be reached: {error}",
            where=url,
            advice="Name a folder or s3://BUCKET/PREFIX, or install what fsspec needs for it.",
        ) from error
    return fs.PyFileSystem(fs.FSSpecHandler(system)), path
