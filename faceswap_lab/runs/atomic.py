"""Writing files so that a reader finds the old content or the new, whole, whatever happens to the writer.

The order (write beside, flush, fsync, rename, fsync the folder) is that of Pillai et al., "All file systems are not
created equal" (OSDI 2014): without the first fsync a crash of the machine can leave the new name with no content,
without the last one it can bring the old file back.
"""

import errno
import io
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_LEFTOVER = ".tmp-"
_FULL_BELOW = 1 << 20  # bytes; a library's own error on a disk with less than this free is put down to the full disk

_REASONS = {
    errno.ENOSPC: ("the disk is full", "free some space"),
    errno.EDQUOT: ("your disk quota is used up", "free some space"),
    errno.EROFS: ("the file system is read-only", "make it writable"),
    errno.EACCES: ("permission was denied", "give yourself write access to the folder"),
    errno.EPERM: ("the operation is not permitted", "give yourself write access"),
    errno.ENOENT: ("the folder is gone, or none can be made there", "bring it back"),
    errno.EEXIST: ("a file stands where a folder should be", "move that file away"),
    errno.ENOTDIR: ("a file stands where a folder should be", "move that file away"),
    errno.EIO: ("the device reports an error", "check the disk"),
}


class StorageError(OSError):
    """A file could not be written; the message says which, why, how much space was free, and what to do.

    Attributes:
        path: the file that should have been written.
        reason: the ``errno`` of the cause. (``OSError.errno`` stays unset: it would change the message.)
    """

    def __init__(self, message: str, path: Path, reason: int) -> None:
        super().__init__(message)
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:  # so that it survives the way back from a launcher's worker process
        return type(self), (str(self), self.path, self.reason)


def write_bytes(path: Path, data: bytes | memoryview) -> None:
    """Replace the content of ``path`` with ``data``, or leave everything as it was and raise.

    Raises:
        StorageError: the disk is full, the folder read-only, gone, or the like.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Replace the content of ``path`` with ``text`` in UTF-8; see ``write_bytes``."""
    write_bytes(path, text.encode())


def write_json(path: Path, content: Any) -> None:
    """Replace ``path`` with ``content`` as sorted, indented JSON; see ``write_bytes``.

    Raises:
        ValueError: a number is not finite: JSON has no word for it, and no reader of ours expects one.
    """
    write_text(path, json.dumps(content, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n")


def write_npz(path: Path, arrays: "Mapping[str, ArrayLike]") -> None:
    """Replace ``path`` with arrays by name, compressed; see ``write_bytes``."""
    import numpy as np  # here and not above: a refusal need not wait for it

    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    write_bytes(path, file.getvalue())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write to, for libraries that write themselves; it takes the place of ``path`` at the end.

    The yielded path lies in the same folder and ends in the same name, suffix included. If the body raises, the old
    content stays and the temporary file goes. A process that is killed leaves the temporary file behind:
    ``remove_leftovers`` removes it.

    Raises:
        StorageError: the disk is full, the folder read-only, gone, or the like, whichever way the library put it.
    """
    path = Path(path)
    temporary = path.with_name(f"{_LEFTOVER}{secrets.token_hex(4)}-{path.name}")
    try:
        with explaining(path):
            yield temporary
            if not temporary.exists():
                raise FileNotFoundError(errno.ENOENT, f"nothing was written that could become {path}")
            _fsync(temporary)
            os.replace(temporary, path)
            _fsync(path.parent)
    finally:
        with suppress(OSError):  # a file system gone read-only refuses even this; the clear error is already on its way
            temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed writers left in ``folder``. Only for who holds the folder's lock: it asks no one's age."""
    for leftover in folder.rglob(f"{_LEFTOVER}*"):
        leftover.unlink(missing_ok=True)


@contextmanager
def explaining(path: Path) -> Iterator[None]:
    """Turn an error in the body into a StorageError about ``path`` if its cause is storage; pass any other on.

    torch and safetensors put a full disk into errors of their own, without an errno; then the free space decides.
    """
    try:
        yield
    except Exception as error:
        clearer = _storage_error(error, path)
        if clearer is None:
            raise
        raise clearer from error


def _storage_error(error: Exception, path: Path) -> StorageError | None:
    """Return the clear error for a failure to write ``path``, or None if the cause is not storage."""
    free = _free_bytes(path.parent)
    reason = error.errno if isinstance(error, OSError) else None
    if reason is None and 0 <= free < _FULL_BELOW and (isinstance(error, RuntimeError) or _is_safetensors(error)):
        reason = errno.ENOSPC
    if isinstance(error, StorageError) or reason not in _REASONS:
        return None
    if reason == errno.ENOENT and path.parent.is_dir() and not _cannot_be_made(error, path):
        return None
    why, remedy = _REASONS[reason]
    left = f" ({free / 1e6:,.1f} MB free)" if free >= 0 else ""
    return StorageError(
        f"Cannot write {path}: {why}{left}. What was there before is untouched. To go on, {remedy} or choose another "
        "folder (of runs: runs_dir), and repeat the command.",
        path,
        reason,
    )


def _cannot_be_made(error: Exception, path: Path) -> bool:
    """Tell whether it is ``path``, or what takes its place, that a folder does not take, as /proc takes none."""
    name = Path(getattr(error, "filename", None) or "")
    return name == path or name.name.startswith(_LEFTOVER)


def _is_safetensors(error: Exception) -> bool:
    return type(error).__name__ == "SafetensorError"  # by name: this room does not load safetensors


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return -1
