"""What the numbers of a run are called for a person, which way is better, and what difference in them matters.

The smallest differences are declared here, before any run: an arm whose interval lies within them is called equivalent.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from faceswap_lab.config import ConfigError
from faceswap_lab.plugins import METRICS
from faceswap_lab.refusal import nearest


@dataclass(frozen=True)
class Metric:
    """A number that arms are compared by.

    Attributes:
        key: its name in ``result.json``, such as ``swap_ssim_AB``.
        caption: its name for a person, such as "SSIM of the swap A→B".
        higher_is_better: its direction; None for a diagnostic, which has none.
        smallest_difference: the smallest difference that matters in practice, declared before the runs; None: none was.
    """

    key: str
    caption: str
    higher_is_better: bool | None
    smallest_difference: float | None = None


_STEMS: dict[str, tuple[str, bool, float | None]] = {  # what it is, is higher better, the least that matters
    "score": ("score", True, 0.02),
    "identity": ("chance to be taken for the target", True, 0.05),
    "identity_colour": ("chance to be taken for the target, colours seen,", True, 0.05),
    "still_source": ("share still nearer to the source", False, 0.05),
    "colour": ("agreement in skin colour", True, 0.03),
    "pose": ("agreement in pose", True, 0.03),
    "expression": ("agreement in expression", True, 0.05),
    "lighting": ("agreement in lighting", True, 0.03),
    "sharpness": ("agreement in sharpness", True, 0.05),
    "ssim": ("SSIM", True, 0.02),
    "fitted_mae": ("colour-fitted error", False, 0.002),
    "mae": ("error under the mask", False, 0.003),
    "mae_full": ("error over the whole picture", False, 0.003),
    "recall5": ("R@5", True, 0.05),
    "yaw": ("agreement in yaw", True, 0.03),
    "mouth": ("agreement in mouth opening", True, 0.03),
    "light": ("agreement in light", True, 0.03),
}
_REAL: dict[str, tuple[str, bool, float]] = {  # the same of swaps of real people, where twins have vouched for it
    "identity_sface": ("likeness to the target by SFace", True, 0.05),
    "identity_dlib": ("likeness to the target by dlib's network", True, 0.05),
    "face_found": ("share with a face in it", True, 0.05),
    "follow_yaw": ("following in yaw", True, 0.05),
    "follow_pitch": ("following in pitch", True, 0.05),
    "follow_mouth_open": ("following in mouth opening", True, 0.05),
}
VOUCHED = "0.69 (0.54 to 0.85)"
"""How twins' runs vouch for ``identity_sface``: its rank correlation with the score, see docs/judging.md."""

_UNVOUCHED = {  # of these, twins have not shown at every size that they follow the truth: they decide nothing
    "follow_smile": "following in the smile",
    "follow_eyes_open": "following in the lids",
    "follow_gaze_x": "following in gaze",
}
_NO_JUDGES = {  # these follow the truth and decide nothing: a copy comes back perfectly, noise is sharp, and the
    # distance leaves out the swaps in which no face is found
    "cycle_mae": "error of the way there and back",
    "own_sharpness": "sharpness against the target's own pictures",
    "frechet_sface": "squared Fréchet distance of SFace's embeddings from the target's",
    "frechet_dlib": "squared Fréchet distance of dlib's embeddings from the target's",
}
_LIKENESS = ("ssim", "fitted_mae", "mae", "mae_full")
_KINDS = {
    "swap": "the swap {0}→{1}",
    "copy": "a copy of {0} for {1}",
    "mean": "{1}'s mean face for {0}→{1}",
    "nearest": "{1}'s faces nearest in pose for {0}→{1}",
    "nearest_lit": "{1}'s faces nearest in pose and light for {0}→{1}",
}
_REAL_SWAP = re.compile(rf"({'|'.join(_REAL)})_([A-Z])([A-Z])(?:_(\w+)_path)?")
_LOSS = re.compile("loss_([A-Z])")


def _stems() -> dict[str, tuple[str, bool, float | None]]:
    """Return what there is to know of each metric: the lab's own, and those of plugins."""
    added = {name: (m.says, m.higher_is_better, m.smallest_difference) for name, m in METRICS.items()}
    return added | _STEMS


def _swap(key: str) -> "re.Match[str] | None":
    """Return kind, metric, source, target and path of a swap's metric; None if ``key`` is none."""
    return re.fullmatch(rf"({'|'.join(_KINDS)})_({'|'.join(_stems())})_([A-Z])([A-Z])(?:_(\w+)_path)?", key)


def _reconstruction(key: str) -> "re.Match[str] | None":
    """Return metric and side of a reconstruction's metric; None if ``key`` is none."""
    return re.fullmatch(rf"recon_({'|'.join([*METRICS, *_LIKENESS])})_([A-Z])", key)


_EXAMPLES = [  # what a misspelt name is compared with
    *(f"swap_{stem}_{way}{path}" for stem in _STEMS for way in ("AB", "BA") for path in ("", "_target_path")),
    *(f"recon_{stem}_{side}" for stem in _LIKENESS for side in "AB"),
    *(f"{stem}_{way}{path}" for stem in _REAL for way in ("AB", "BA") for path in ("", "_target_path")),
    *("loss_A", "loss_B"),
]

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
    "swap_skin_tone_AB": "skin tone taken over from B, %",
    "swap_skin_tone_BA": "skin tone taken over from A, %",
    **{
        f"{stem}_{way}": f"{says} of the swap {'→'.join(way)}{', not shown to follow the truth' * (stem in _UNVOUCHED)}"
        for stem, says in (_UNVOUCHED | _NO_JUDGES).items()
        for way in ("AB", "BA")
    },
    "face_found_A": "share of A's real faces that are found at this size",
    "face_found_B": "share of B's real faces that are found at this size",
    **{
        f"real_{end}_{judge}_{source}{target}": f"cosine that stands for {value} of {target} by {says}"
        for judge, says in (("sface", "SFace"), ("dlib", "dlib's network"))
        for source, target in ("AB", "BA")
        for end, value in (("floor", 0), ("ceiling", 1))
    },
}
_AVERAGED = "ema_"  # of runs with training.ema
_DEAD = "dead_"  # and the layer's name


def judged_metric(key: str) -> Metric:
    """Return a metric that arms can be judged by: of any sides, through any swap path.

    Raises:
        ConfigError: there is none of this name, or it is a diagnostic, which has no better and worse.
    """
    rest = key.removeprefix(_AVERAGED)
    if rest != key and (rest.startswith(("swap_", "recon_")) or _REAL_SWAP.fullmatch(rest)):
        metric = judged_metric(rest)
        return replace(metric, key=key, caption=f"{metric.caption}, with averaged weights")
    stems = _stems()
    if match := _swap(key):
        kind, stem, source, target, path = match.groups()
        if source != target and (path is None or kind == "swap"):
            says, higher, least = stems[stem]
            return Metric(key, f"{says} of {_KINDS[kind].format(source, target)}{_by(path, target)}", higher, least)
    if match := _REAL_SWAP.fullmatch(key):
        stem, source, target, path = match.groups()
        if source != target:
            says, higher, least = _REAL[stem]
            return Metric(key, f"{says} of the swap {source}→{target}{_by(path, target)}", higher, least)
    if match := _reconstruction(key):
        says, higher, least = stems[match[1]]
        return Metric(key, f"{says} of {match[2]}'s reconstruction", higher, least)
    if match := _LOSS.fullmatch(key):
        return Metric(key, f"training loss of {match[1]}", False)
    if diagnostic(key) is not None:
        raise ConfigError(f"metric '{key}' is a diagnostic: it explains, and none of its values is the better one.")
    raise ConfigError(
        f"there is no metric '{key}'.{nearest(key, _EXAMPLES)} Metrics are swap_<what>_AB or of any other two sides, "
        f"with <what> one of {', '.join(stems)}; of real people <what>_AB, with <what> one of {', '.join(_REAL)}; "
        f"recon_<what>_A or another side, with <what> one of {', '.join([*METRICS, *_LIKENESS])}; loss_A and so on. "
        "One of a plugin's: add plugins=[its_module]."
    )


def as_judged(key: str, value: float) -> float:
    """Return what arms are judged by. Sharpness above 1 is noise: twice the truth's is as far from it as half of it.

    Every other metric is judged by its own value. ``swap_score`` takes sharpness in the same way.
    """
    match = _swap(key.removeprefix(_AVERAGED)) if value > 1 else None
    return 1 / value if match and match[2] == "sharpness" else value


def needs_truth(key: str) -> bool:
    """Tell whether a metric compares with a true swap, which rendered people have and real ones have not."""
    return _swap(key.removeprefix(_AVERAGED)) is not None


def is_of_real_swaps(key: str) -> bool:
    """Tell whether a metric is what networks see in swaps of real people."""
    return _REAL_SWAP.fullmatch(key.removeprefix(_AVERAGED)) is not None


def never_sees_a_swap(key: str) -> bool:
    """Tell whether a metric is of a side's own faces alone: a reconstruction, or a training loss."""
    return bool(_reconstruction(key.removeprefix(_AVERAGED)) or _LOSS.fullmatch(key))


def real_metrics(ways: Collection[str] = ("AB", "BA")) -> list[str]:
    """Return the metrics of real swaps that can judge, the one that decides unless told otherwise first."""
    return [f"{stem}_{way}" for stem in _REAL for way in ways]


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
    """Return the metric of the same swap through the primary path, if ``key`` is one through another."""
    match = _swap(key) or _REAL_SWAP.fullmatch(key)
    path = match and match.groups()[-1]
    return key.removesuffix(f"_{path}_path") if path else None


def _by(path: str | None, target: str) -> str:
    return "" if path is None else f" by {target}'s encoder" if path == "target" else f" by the path {path}"


def _by_number(key: str) -> list[tuple[bool, int, str]]:
    """Order ``dead_encoder_10`` after ``dead_encoder_9``, and ``dead_encoder_up`` after both."""
    return [(False, int(part), "") if part.isdigit() else (True, 0, part) for part in key.split("_")]
