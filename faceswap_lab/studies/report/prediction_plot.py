"""How well each training loss ranks the true swap error: rank correlations with their intervals."""

import math
from typing import Any

from faceswap_lab.studies import digits
from faceswap_lab.studies.findings import Findings, Prediction
from faceswap_lab.studies.report import vega
from faceswap_lab.studies.report.figure import Figure
from faceswap_lab.studies.statistics.rank_correlation import RankCorrelation

SCOPES = {
    "across_runs": "across runs",
    "across_seeds": "across seeds within an arm",
    "over_time": "over time within a run",
}


def prediction_figure(findings: Findings) -> Figure | None:
    """Return the rank correlations of the losses with the swap error, or None if none is known."""
    rows = [row for prediction in findings.predictions for row in _rows(prediction)]
    if not rows:
        return None
    losses = list(dict.fromkeys(row["loss"] for row in rows))
    scopes = [scope for scope in SCOPES.values() if any(row["scope"] == scope for row in rows)]
    scale = {"domain": [-1, 1]}
    ends = [-1, -0.5, 0, 0.5, 1]
    x, low = (vega.quantity(field, title="rank correlation", scale=scale, values=ends) for field in ("rho", "low"))
    point = {"type": "point", "filled": True, "size": 90, "color": "@arm0", "opacity": 1}
    layers = [
        vega.zero("x", "y"),
        vega.layer({"type": "rule", "strokeWidth": 2.4, "color": "@arm0"}, x=low, x2={"field": "high"}),
        vega.layer(point, x=x, tooltip=vega.tooltip("loss", "says", "rows")),
    ]
    inner = {"height": 30 * len(losses), "encoding": {"y": vega.names("loss", losses)}, "layer": layers}
    spec = vega.multiples(rows, "scope", scopes, inner, spacing=22)
    outcome = findings.predictions[0].outcome.caption
    return Figure(
        name="predictions",
        title="Does a training loss tell the true swap error?",
        caption=f"Spearman's rank correlation of each loss with the error in “{outcome}” (turned so that larger "
        "is worse), with its interval, the seed as its unit. 1: the loss ranks as the truth does; 0: it tells nothing; "
        "below 0: it misleads.",
        alt="; ".join(f"{row['loss']} {row['scope']}: {row['says']}" for row in rows),
        spec=spec,
        left=96,
        least=190,
        most=3,
    )


def says(found: RankCorrelation) -> str:
    """Return the correlation with its interval in words."""
    if not math.isfinite(found.rho):
        return digits.NOT_KNOWN
    return f"{digits.fixed(found.rho, 2, sign=True)} ({digits.interval(*found.interval, 2, sign=True)})"


def _rows(prediction: Prediction) -> list[dict[str, Any]]:
    rows = []
    for attribute, scope in SCOPES.items():
        found: RankCorrelation = getattr(prediction, attribute)
        if math.isfinite(found.rho):
            rows.append(
                {
                    "loss": prediction.loss,
                    "scope": scope,
                    "rho": round(found.rho, 4),
                    "low": round(found.interval.low, 4),
                    "high": round(found.interval.high, 4),
                    "says": says(found),
                    "rows": found.rows,
                }
            )
    return rows
