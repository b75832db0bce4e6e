"""Run identity, run folder, provenance, status and result. Nothing of torch.

The order in which a program uses it: ``run_hash`` → ``find_or_create`` → ``RunLock`` → ``begin_session`` and
``write_status`` → training, with ``MetricsCsv`` and ``replacing`` → ``write_result`` (last) → ``end_session``.
"""

from faceswap_lab.runs.atomic import StorageError, remove_leftovers, replacing, write_bytes, write_json, write_text
from faceswap_lab.runs.checksum import sha256_of
from faceswap_lab.runs.folder import RunFolder, create_fresh, find, find_all, find_or_create, is_run
from faceswap_lab.runs.identity import RECIPE_VERSION, plain, run_hash, run_name
from faceswap_lab.runs.lock import Holder, RunHeld, RunLock, holder
from faceswap_lab.runs.metrics import MetricsCsv, read_metrics
from faceswap_lab.runs.provenance import collect
from faceswap_lab.runs.result import BadResult, Result, read_result, weights_are_intact, write_result
from faceswap_lab.runs.sessions import begin_session, end_session, note_in_session, read_sessions
from faceswap_lab.runs.status import State, Status, read_status, write_status

__all__ = [
    "RECIPE_VERSION", "BadResult", "Holder", "MetricsCsv", "Result", "RunFolder", "RunHeld", "RunLock", "State",
    "Status", "StorageError", "begin_session", "collect", "create_fresh", "end_session", "find", "find_all",
    "find_or_create", "holder", "is_run", "note_in_session", "plain", "read_metrics", "read_result", "read_sessions",
    "read_status", "remove_leftovers", "replacing", "run_hash", "run_name", "sha256_of", "weights_are_intact",
    "write_bytes", "write_json", "write_result", "write_status", "write_text",
]  # fmt: skip
