"""Swaps of real people in words: there is no truth, and networks are asked."""

from collections.abc import Mapping


def real_swaps(m: Mapping[str, float]) -> list[str]:
    """Say of swaps of real people what networks see in them; see ``evaluation.real_swaps``."""
    lines = []
    for source, target in ("AB", "BA"):
        way = source + target
        if f"face_found_{way}" not in m:
            continue
        follows = ", ".join(
            f"{says} {m[f'follow_{name}_{way}']:.2f}" for name, says in (("yaw", "yaw"), ("mouth_open", "mouth"))
        )
        lines.append(
            f"{source}→{target}: a face in {m[f'face_found_{way}']:.0%} of the swaps; identity {identities(m, way)};\n"
            f"     follows {follows}"
        )
    if lines:
        lines.append(
            "[dim]By networks, for there is no truth. Identity: 0 as far from the target as the\n"
            "source's own faces, 1 as near as the target's. follows: correlation with the\n"
            "input. A swap without a face has 0.[/dim]"
        )
    return lines


def identities(m: Mapping[str, float], way: str) -> str:
    """Return how near the swaps of a way are to their target, by each network that was asked."""
    judges = [key.split("_")[1] for key in m if key.startswith("identity_") and key.endswith(f"_{way}")]
    return ", ".join(f"{m[f'identity_{judge}_{way}']:.2f} ({judge})" for judge in judges)
