"""What the numbers of a run are called for a person, which way is better, and what difference in them matters.

The smallest differences are declared here, before any run: an arm whose interval lies within them is called equivalent.
"""

from faceswap_lab.config import ConfigError
from faceswap_lab.config.refusal import nearest
from faceswap_lab.studies.findings import Metric

_STEMS: dict[str, tuple[str, bool, float]] = {  # what it is, higher is better, the smallest difference that matters
    "ssim": ("SSIM", True, 0.02),
    "fitted_mae": ("colour-fitted error", False, 0.002),
    "mae": ("error under the mask", False, 0.003),
    "mae_full": ("error over the whole picture", False, 0.003),
    "recall5": ("R@5", True, 0.05),
    "yaw": ("agreement in yaw", True, 0.03),
    "mouth": ("agreement in mouth opening", True, 0.03),
    "light": ("agreement in light", True, 0.03),
}
_LIKENESS = ("ssim", "fitted_mae", "mae", "mae_full")
_KINDS = {"swap": "the swap {0}→{1}", "copy": "a copy of {0} for {1}", "mean": "{1}'s mean face for {0}→{1}"}
_SIDES = ("A", "B")
_WAYS = ("AB", "BA")
_PATH = "_target_path"

_DIAGNOSTICS = {
    "grad_cosine": "cosine of the encoder's gradients from loss_A and loss_B",
    "preact_grad_A": "gradient norm before the output activation, A",
    "preact_grad_B": "gradient norm before the output activation, B",
    "code_twins_AB": "A codes whose nearest B code is the twin's",
    "code_twins_BA": "B codes whose nearest A code is the twin's",
    "code_cka": "alignment of the twins' codes (CKA)",
    "code_probe": "accuracy of telling A from B by a linear probe of the code (0.5: chance)",
    "saturated_A": "saturated output values, A",
    "saturated_B": "saturated output values, B",
}
_DEAD = "dead_"  # and the layer's name


def _judged() -> dict[str, Metric]:
    """Return all metrics that have a direction, by key."""
    found: dict[str, Metric] = {}
    for stem, (says, higher, least) in _STEMS.items():
        for kind, of in _KINDS.items():
            for way in _WAYS:
                key, caption = f"{kind}_{stem}_{way}", f"{says} of {of.format(*way)}"
                found[key] = Metric(key, caption, higher, least)
                if kind == "swap":
                    found[key + _PATH] = Metric(key + _PATH, f"{caption} by {way[1]}'s encoder", higher, least)
        if stem in _LIKENESS:
            for side in _SIDES:
                key = f"recon_{stem}_{side}"
                found[key] = Metric(key, f"{says} of {side}'s reconstruction", higher, least)
    return found | {f"loss_{side}": Metric(f"loss_{side}", f"training loss of {side}", False) for side in _SIDES}


_JUDGED = _judged()


def judged_metric(key: str) -> Metric:
    """Return a metric that arms can be judged by.

    Raises:
        ConfigError: there is none of this name, or it is a diagnostic, which has no better and worse.
    """
    if key in _JUDGED:
        return _JUDGED[key]
    if diagnostic(key) is not None:
        raise ConfigError(f"metric '{key}' is a diagnostic: it explains, and none of its values is the better one.")
    raise ConfigError(
        f"there is no metric '{key}'.{nearest(key, _JUDGED)} Metrics are swap_<what>_AB or _BA, with <what> one of "
        f"{', '.join(_STEMS)}; recon_<what>_A or _B, with <what> one of {', '.join(_LIKENESS)}; loss_A and loss_B."
    )


def diagnostic(key: str) -> Metric | None:
    """Return a metric that explains and is not judged, or None if ``key`` is none of them."""
    if key in _DIAGNOSTICS:
        return Metric(key, _DIAGNOSTICS[key], None)
    if key.startswith(_DEAD):
        return Metric(key, f"dead units, {key.removeprefix(_DEAD).replace('_', ' ')}", None)
    return None


def diagnostics_of(keys: set[str]) -> list[Metric]:
    """Return the diagnostics among ``keys``, those of the code and the gradients first, dead units layer by layer."""
    known = [key for key in _DIAGNOSTICS if key in keys]
    dead = sorted((key for key in keys if key.startswith(_DEAD)), key=_by_number)
    return [metric for key in (*known, *dead) if (metric := diagnostic(key))]


def own_path(key: str) -> str | None:
    """Return the metric of the same swap through the source's own encoder, if ``key`` is one through the target's."""
    return key.removesuffix(_PATH) if key.endswith(_PATH) else None


def _by_number(key: str) -> list[tuple[bool, int, str]]:
    """Order ``dead_encoder_10`` after ``dead_encoder_9``, and ``dead_encoder_up`` after both."""
    return [(False, int(part), "") if part.isdigit() else (True, 0, part) for part in key.split("_")]
