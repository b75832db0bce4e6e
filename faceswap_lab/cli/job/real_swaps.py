"""Swaps in words as networks see them, which are asked where there is no truth."""

import math
import re
from collections.abc import Mapping

from faceswap_lab.runs.folder import RunFolder

MOST_WAYS = 6  # three people, each as each other; of more, the declared pair is shown
_AS_REAL = "as real people's are judged"
_FOLLOWED = (("yaw", "yaw"), ("mouth_open", "mouth"))


def real_swaps(m: Mapping[str, float], folder: RunFolder) -> list[str]:
    """Say of swaps what networks see in them, by which real people's are judged; see ``evaluation.real_swaps``."""
    ways = sorted(key[-2:] for key in m if re.fullmatch("face_found_[A-Z]{2}", key))
    if not ways:
        return []
    ways = ways if len(ways) <= MOST_WAYS else ["AB", "BA"]
    said = _with_intervals(m, folder)
    lines = []
    for way in ways:
        follows = ", ".join(f"{says} {said[f'follow_{name}_{way}']}" for name, says in _FOLLOWED)
        lines += [f"{'→'.join(way)}: a face in {m[f'face_found_{way}']:.0%} of the swaps; follows {follows}"]
        lines += [f"     identity {identities(said, way)}"]
        if f"ema_face_found_{way}" in m:
            lines += [f"     identity with averaged weights {identities(said, way, 'ema_')}"]
    true = "swap_ssim_AB" in m  # of rendered people
    lines += [
        f"[dim]By networks, {_AS_REAL if true else 'for there is no truth'}. Identity: 0 as far from the target\n"
        "as the source's own faces, 1 as near as the target's. follows: correlation with\n"
        "the input. A swap without a face has 0.[/dim]"
    ]
    if said != plain(m):
        lines += ["[dim]In brackets: 95 %, had other moments of these people been held out.[/dim]"]
    if true:
        lines += ["[dim]How far each of them follows the truth above: docs/judging.md.[/dim]"]
    return lines


def identities(said: Mapping[str, str], way: str, prefix: str = "") -> str:
    """Return how near the swaps of a way are to their target, by each network that was asked."""
    key = re.compile(f"{prefix}identity_(\\w+?)_{way}")
    by = {found[1]: value for name, value in said.items() if (found := key.fullmatch(name))}
    return ", ".join(f"{by[name]} by {name}" for name in sorted(by, reverse=True))  # SFace, which decides, first


def plain(m: Mapping[str, float]) -> dict[str, str]:
    """Return scores as text."""
    return {key: f"{value:.2f}" for key, value in m.items()}


def _with_intervals(m: Mapping[str, float], folder: RunFolder) -> dict[str, str]:
    """Return each score as text, with its interval over blocks of held-out pictures where the run kept them."""
    from faceswap_lab.studies.collecting.blocks import read_blocks  # NumPy, and a file: not for rendered people
    from faceswap_lab.studies.statistics.crossed import over_blocks

    said = plain(m)
    for key, blocks in read_blocks(folder).items():
        low, high = over_blocks(blocks, m[key]) if key in m else (-math.inf, math.inf)
        if math.isfinite(low):
            least = -1 if "follow" in key else 0  # two blocks can say less than is known of any correlation or share
            said[key] = f"{m[key]:.2f} ({max(low, least):.2f} to {min(high, 1):.2f})"
    return said
