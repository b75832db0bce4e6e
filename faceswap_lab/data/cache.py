"""Decoded faces on disk: an entry is there whole or not at all, checked when opened, safe under concurrent processes.

    <root>/rgba/<key>/            faces.npy, manifest.json, and where there are such states.npy
    <root>/rgba/<key>.lock        held while the entry is made; the system releases it when the holder dies
    <root>/rgba/<key>.partial-*   an entry in the making, left over only if its maker was killed
    <root>/rgba/<key>.damaged     an entry that failed its check, set aside

``<key>`` is a hash of the recipe: everything that decides the pixels. An entry never changes once it is there, so
readers need no lock, and a cache on a read-only disk serves what it has. Rendered faces keep within a bound
(`faceswap_lab.data.cache_bound`); the time stamp of a manifest says when its entry was last used. The whole folder may
be deleted at any time, even under a running training. (Earlier versions kept pictures and masks apart,
in <root>/faces; that folder is not read any more.)
"""

import dataclasses
import errno
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from faceswap_lab.data.faces import Faces

_log = logging.getLogger(__name__)

FACES = "rgba"  # the folder in <root>; another one whenever the files of an entry change their layout
_KEY_VERSION = 1  # a part of every key, and so of the fingerprints of data: pixels decide them, not how they are kept
MANIFEST = "manifest.json"

# Reading 256 MiB through SHA-256 takes about 0.15 s. Larger files are read again only if their time stamp is not the
# one they were written with; a copy that does not keep time stamps is therefore checked in full each time.
_ALWAYS_HASHED_BYTES = 256 * 2**20


class CacheError(OSError):
    """The cache cannot be written. The message names the place, the reason and the remedy."""


@dataclass(frozen=True)
class Entry:
    """What an entry holds: memory-mapped, read-only faces, and what its maker had to say, as plain JSON values."""

    faces: Faces
    notes: dict[str, Any]
    path: Path


def cache_root(cache_dir: str | Path | None = None) -> Path:
    """Return where the cache lies: ``cache_dir``, or else the user's cache folder (XDG Base Directory Specification).

    Raises:
        CacheError: no folder is given and the user has no home.
    """
    if cache_dir is not None:
        return Path(cache_dir).expanduser().absolute()
    configured = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(configured):  # the specification says that a relative path is to be ignored
        return Path(configured) / "faceswap_lab"
    try:
        return Path.home() / ".cache" / "faceswap_lab"
    except RuntimeError as error:
        raise CacheError("this user has no home folder to cache faces in; name a folder with cache_dir=…") from error


def recipe_key(recipe: Mapping[str, Any]) -> str:
    """Return the hex digest of a recipe: nested plain values, dataclasses and arrays, its keys in any order."""
    text = json.dumps({"layout": _KEY_VERSION, **recipe}, default=_plain, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _plain(value: Any) -> Any:
    """Return as JSON values what JSON does not know: of a dataclass a dict, of an array its type, shape and hash."""
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return [value.dtype.str, list(value.shape), hashlib.sha256(np.ascontiguousarray(value).data).hexdigest()]
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a recipe cannot hold {value!r} of type {type(value).__name__}; give plain values or arrays")


def fetch(
    root: Path, recipe: Mapping[str, Any], make: Callable[[Path], Mapping[str, Any]], *, expected_bytes: int = 0
) -> Entry:
    """Return the entry of ``recipe``, made by ``make`` unless it is there already.

    Args:
        root: the cache's folder; made if need be.
        recipe: everything that decides the entry's content, see `recipe_key`.
        make: writes faces.npy, and if there are such states.npy, into the folder it is given; returns notes (JSON
            values) to keep with them. If it raises, nothing is left behind.
        expected_bytes: about how much it will write; if that is known to be too much, it is not even begun.

    Returns:
        The entry, checked: every file's size, its SHA-256 (see `_ALWAYS_HASHED_BYTES`), shape and type.

    Raises:
        CacheError: the folder cannot be written or is full.
    """
    folder = root / FACES
    entry = folder / recipe_key(recipe)
    try:
        found = _opened(entry)
        if isinstance(found, Entry):
            with suppress(OSError):  # a disk that cannot be written
                os.utime(entry / MANIFEST)
            return found
        folder.mkdir(parents=True, exist_ok=True)
        with _lock_of(entry):
            found = _opened(entry)  # again: another process may have made it meanwhile
            if isinstance(found, Entry):
                return found
            if found is not None:
                _set_aside(entry, found)
            _remove_leftovers(entry)
            _refuse_if_too_large(folder, expected_bytes)
            _make(entry, recipe, make)
    except (OSError, NotImplementedError) as error:  # the latter from filelock where the file system knows no locks
        raise _explained(folder, error) from error
    made = _opened(entry)
    if not isinstance(made, Entry):
        raise CacheError(f"what was just written to '{entry}' cannot be read back ({made}); check that disk")
    return made


def check_room(root: Path, wanted: Sequence[tuple[Mapping[str, Any], int]]) -> None:
    """Refuse entries that do not fit on the disk together, before hours go into the first of them.

    ``wanted`` has the recipe of each and about how many bytes it takes; what is there already takes none.

    Raises:
        CacheError: there is not enough room; it says how much is needed and how much is free. Or the folder cannot be
            made.
    """
    folder = root / FACES
    sizes = {recipe_key(recipe): size for recipe, size in wanted}
    try:
        # Before what is there: an entry that another process ends right now is either begun or there, never neither.
        begun = {key: _begun(folder, key) for key in sizes}
        missing = [key for key in sizes if not (folder / key).is_dir()]
        if missing:
            folder.mkdir(parents=True, exist_ok=True)
            _refuse_if_too_large(folder, sum(sizes[key] - begun[key] for key in missing))
    except OSError as error:
        raise _explained(folder, error) from error


def _begun(folder: Path, key: str) -> int:
    """Return how many bytes are written of an entry in the making; none if its maker moves or removes it meanwhile."""
    with suppress(FileNotFoundError):
        return sum(file.stat().st_size for file in folder.glob(f"{key}.partial-*/*"))
    return 0


def _opened(entry: Path) -> Entry | str | None:
    """Return the entry, what is wrong with it in words, or None if it is not there."""
    try:
        if not entry.is_dir():
            return None
        manifest = json.loads((entry / MANIFEST).read_text(encoding="utf-8"))
        if manifest["key"] != entry.name or manifest["complete"] is not True:
            return f"{MANIFEST} belongs to something else"
        for name, expected in manifest["files"].items():
            if damage := _damage_of(entry / name, expected):
                return damage
        arrays = {name: np.load(entry / name, mmap_mode="r", allow_pickle=False) for name in manifest["files"]}
        return Entry(_faces(arrays), manifest["notes"], entry)
    except PermissionError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return f"{type(error).__name__}: {error}"


def _damage_of(path: Path, expected: Mapping[str, Any]) -> str:
    found = path.stat()
    if found.st_size != expected["bytes"]:
        return f"{path.name} has {found.st_size} bytes instead of {expected['bytes']}"
    untouched = found.st_mtime_ns == expected["mtime_ns"] and found.st_size > _ALWAYS_HASHED_BYTES
    if not untouched and _sha256(path) != expected["sha256"]:
        return f"{path.name} is not what was written: its SHA-256 differs"
    return ""


def _faces(arrays: Mapping[str, np.ndarray]) -> Faces:
    """Judge and join the arrays of an entry."""
    pixels, states = arrays["faces.npy"], arrays.get("states.npy")
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[1] != pixels.shape[2] or pixels.shape[3] != 4:
        raise ValueError(f"faces.npy is {pixels.dtype} {pixels.shape} instead of uint8 (N, S, S, 4)")
    if states is not None and (states.dtype != np.float32 or states.ndim != 2 or len(states) != len(pixels)):
        raise ValueError(f"states.npy is {states.dtype} {states.shape} instead of float32 ({len(pixels)}, P)")
    return Faces(pixels, states)


def _lock_of(entry: Path) -> AbstractContextManager[object]:
    """Take the entry's lock until the block ends, after saying so if that means waiting for somebody."""
    lock = FileLock(f"{entry}.lock")
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        _log.warning("another process is making the faces in '%s'; waiting for it", entry)
        return lock.acquire()


def _set_aside(entry: Path, damage: str) -> None:
    aside = entry.with_name(f"{entry.name}.damaged")
    _log.warning("cached faces in '%s' are damaged (%s); set aside as '%s' and made again", entry, damage, aside.name)
    shutil.rmtree(aside, ignore_errors=True)
    entry.rename(aside)


def _refuse_if_too_large(folder: Path, expected_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < expected_bytes:
        raise OSError(errno.ENOSPC, f"{expected_bytes / 2**20:,.0f} MiB are needed")


def _remove_leftovers(entry: Path) -> None:
    """Remove what a killed maker has left. The caller holds the lock, so no other maker lives."""
    for leftover in entry.parent.glob(f"{entry.name}.partial-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _make(entry: Path, recipe: Mapping[str, Any], make: Callable[[Path], Mapping[str, Any]]) -> None:
    """Make the entry beside its place and move it there as a whole. The caller holds the lock."""
    partial = entry.with_name(f"{entry.name}.partial-{os.getpid()}")
    try:
        partial.mkdir()
        notes = make(partial)
        files = {path.name: _sealed(path) for path in sorted(partial.glob("*.npy"))}
        manifest = {"complete": True, "files": files, "key": entry.name, "notes": notes, "recipe": recipe}
        text = json.dumps(manifest, indent=1, allow_nan=False, default=_plain)
        (partial / MANIFEST).write_text(text, encoding="utf-8")
        _sync(partial / MANIFEST)
        _sync(partial)
        partial.rename(entry)
        _sync(entry.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _sealed(path: Path) -> dict[str, Any]:
    """Bring a file to the disk and return what proves later that it is unchanged."""
    _sync(path)
    found = path.stat()
    return {"bytes": found.st_size, "mtime_ns": found.st_mtime_ns, "sha256": _sha256(path)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _explained(folder: Path, error: Exception) -> CacheError:
    reason = getattr(error, "strerror", None) or str(error)
    try:
        free = f" ({shutil.disk_usage(folder).free / 2**20:,.0f} MiB are free there)"
    except OSError:
        free = ""
    explained = CacheError(
        f"cannot keep faces in the cache '{folder}': {reason}{free}. "
        "Make room or make it writable, or name another folder with cache_dir=…"
    )
    explained.errno = getattr(error, "errno", None)
    return explained
