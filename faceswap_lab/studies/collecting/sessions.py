"""How a run was made, fact by fact, from the sessions in its ``run.json``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from faceswap_lab.plugins.used import descriptions
from faceswap_lab.runs.flat import text_of

NO_GIT = "no git working tree"
THEN = ", then "  # between the values of one run whose sessions differ
_HARDWARE = ("cpu", "cores", "threads", "gpus", "system", "host")


def facts_of(sessions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return what is known of how a run was made. If its sessions differ, all values are given, in their order."""
    facts: dict[str, dict[str, None]] = {}
    for session in sessions:
        for name, value in _of_session(session):
            facts.setdefault(name, {})[value] = None
    return {name: THEN.join(values) for name, values in facts.items()}


def _of_session(session: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    code = _group(session, "code")
    yield "commit", str(code["commit"]) if code.get("commit") else NO_GIT
    yield "changes", _changes(code)
    yield "recipe", text_of(session.get("recipe_version"))
    yield "data", text_of(session.get("data_fingerprint"))
    if "sampler" in session:
        yield "sampler", text_of(session["sampler"])
    if "plugins" in session:
        yield "plugins", "; ".join(descriptions(session["plugins"]))
    versions, hardware = _group(session, "versions"), _group(session, "hardware")
    yield from ((name, text_of(value)) for name, value in versions.items() if value is not None)
    yield from ((name, text_of(hardware[name])) for name in _HARDWARE if name in hardware)


def _group(session: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = session.get(name)
    return value if isinstance(value, Mapping) else {}


def _changes(code: Mapping[str, Any]) -> str:
    parts = [f"changed files (diff {str(code['diff_sha256'])[:10]})"] if code.get("diff_sha256") else []
    parts += [f"{code['untracked_count']} untracked files"] if code.get("untracked_count") else []
    return ", ".join(parts) or ("none" if code else NO_GIT)
