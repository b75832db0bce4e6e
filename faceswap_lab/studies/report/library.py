"""The script that draws the page's plots: Vega, Vega-Lite and vega-embed in one, 0.9 MB, as vl-convert bundles it."""

import hashlib
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from faceswap_lab.runs.atomic import StorageError, write_text

_EXPORTED = "window.vegaEmbed = vegaEmbed;"


def library(cache: Path | None) -> str:
    """Return the script, ready to stand in a page.

    Bundling it takes a second, a quarter of a report's whole time, so it is kept from one report to the next. A kept
    one that is not what was written is made anew; a cache that cannot be written costs that second each time.

    Args:
        cache: folder to keep it in; None: it is not kept.
    """
    if cache is None:
        return _bundled()
    prefix = f"vega-{version('vl-convert-python')}-"
    with suppress(OSError, UnicodeDecodeError):
        for path in sorted(cache.glob(f"{prefix}*.js")):
            text = path.read_text(encoding="utf-8")
            if path.name == _name(prefix, text):
                return text
    text = _bundled()
    with suppress(OSError, StorageError):
        cache.mkdir(parents=True, exist_ok=True)
        write_text(cache / _name(prefix, text), text)
    return text


def _name(prefix: str, text: str) -> str:
    return f"{prefix}{hashlib.sha256(text.encode()).hexdigest()[:16]}.js"


def _bundled() -> str:
    import vl_convert

    return str(vl_convert.javascript_bundle(_EXPORTED)).replace("</script", "<\\/script")
