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

_REASONS = {
    errno.ENOSPC: ("the disk is full", "free some space"),
    errno.EDQUOT: ("your disk quota is used up", "free some space"),
    errno.EROFS: ("the file system is read-only", "make it writable"),
    errno.EACCES: ("permission was denied", "give yourself write access to the folder"),
    errno.EPERM: ("the operation is not permitted", "give yourself write access"),
    errno.ENOENT: ("the folder is gone, or none can be made there", "bring it back"),
    errno.EEXIST: ("a file stands where a folder should be", "move that file away"),
    errno.ENOTDIR: ("a file stands where a folder should be", "move that file away"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter one"),
    errno.EIO: ("the device reports an error", "check the disk"),
}


class StorageError(OSError):
    """A file could not be written; the message says which, why, how much space was free, and what to do.

    ``errno`` is that of the cause.
    """


def write_bytes(path: Path, data: bytes | memoryview) -> None:
    """Replace the content of ``path`` with ``data``, or leave everything as it was and raise.

    A process that is killed leaves a temporary file behind: ``remove_leftovers`` removes it.

    Raises:
        StorageError: the disk is full, the folder read-only, gone, or the like.
    """
    temporary = path.with_name(f"{_LEFTOVER}{secrets.token_hex(4)}-{path.name}")
    try:
        with explaining(path):
            temporary.write_bytes(data)
            _fsync(temporary)
            os.replace(temporary, path)
            _fsync(path.parent)
    finally:
        with suppress(OSError):  # a file system gone read-only refuses even this; the clear error is already on its way
            temporary.unlink(missing_ok=True)


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


def remove_leftovers(folder: Path) -> None:
    """Remove what killed writers left in ``folder``. Only for who holds the folder's lock: it asks no one's age."""
    for leftover in folder.rglob(f"{_LEFTOVER}*"):
        leftover.unlink(missing_ok=True)


@contextmanager
def explaining(path: Path) -> Iterator[None]:
    """Turn an error in the body into a StorageError about ``path`` if its cause is storage; pass any other on."""
    try:
        yield
    except OSError as error:
        clearer = _storage_error(error, path)
        if clearer is None:
            raise
        raise clearer from error


def make_folder(folder: Path, of: Path | None = None) -> None:
    """Make a folder, and those above it, unless it is there.

    Args:
        folder: the folder.
        of: what will be written in it, where the error should name that.

    Raises:
        StorageError: it cannot be made.
    """
    with explaining(of or folder):
        folder.mkdir(parents=True, exist_ok=True)


def _storage_error(error: OSError, path: Path) -> StorageError | None:
    """Return the clear error for a failure to write ``path``, or None if the cause is not storage."""
    reason = error.errno
    if isinstance(error, StorageError) or reason not in _REASONS:
        return None
    if reason == errno.ENOENT and path.parent.is_dir() and not _cannot_be_made(error, path):
        return None
    free = _free_bytes(path.parent)
    why, remedy = _REASONS[reason]
    left = f" ({free / 1e6:,.1f} MB free)" if free >= 0 else ""
    clearer = StorageError(
        f"Cannot write {path}: {why}{left}. What was there before is untouched. To go on, {remedy} or choose another "
        "folder (of runs: runs_dir), and repeat the command."
    )
    clearer.errno = reason
    return clearer


def _cannot_be_made(error: OSError, path: Path) -> bool:
    """Tell whether it is ``path``, or what takes its place, that a folder does not take, as /proc takes none."""
    name = Path(error.filename or "")
    return name == path or name.name.startswith(_LEFTOVER)


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
