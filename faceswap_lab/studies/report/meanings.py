"""What each diagnostic and each verdict means, in one line for a person."""

DIAGNOSTICS = {
    "loss": "The training loss at the end. It never sees a swap, and an arm that changes the loss changes its scale.",
    "grad_cosine": "Do the two losses pull the shared encoder the same way? 1: the same; 0: unrelated; −1: opposed.",
    "preact_grad": "Norm of the loss's gradient at the output before its activation. Near 0 the decoder cannot learn.",
    "code_twins": "Share of codes whose nearest code of the other side is the twin's, in the same state. 1: the code "
    "says what the face does, not who it is.",
    "code_cka": "Centred kernel alignment of the twins' codes. 1: both sides are coded alike, up to a rotation.",
    "code_probe": "Accuracy of a linear probe that tells A from B by the code. 0.5: it cannot; 1: it always can.",
    "saturated": "Share of output values at the flat ends of the activation, where almost no gradient comes back.",
    "swap_skin_tone": "How far the mean colour has gone from the source's to the target's. 100: all the way.",
    "dead": "Share of units of this layer that are never active on the held-out faces.",
}  # fmt: skip

VERDICTS = {
    "better": "The interval lies on the better side of zero and the corrected p is at most α.",
    "worse": "The interval lies on the worse side of zero and the corrected p is at most α.",
    "equivalent": "The whole interval lies within the smallest difference that matters, declared before the runs "
    "(or all values are exactly equal). A difference may be there; it is too small to matter.",
    "undecided": "These seeds do not decide it. It does not mean that there is no difference.",
}

MARKS = {"better": "▲", "worse": "▼", "equivalent": "■", "undecided": "○"}


ARROWS = {True: "\N{NO-BREAK SPACE}↑", False: "\N{NO-BREAK SPACE}↓", None: ""}
BETTER = {True: " (higher is better)", False: " (lower is better)", None: ""}


def diagnostic(key: str) -> str:
    """Return what a diagnostic means; empty for one that this page does not know."""
    return next((meaning for stem, meaning in DIAGNOSTICS.items() if key.startswith(stem)), "")
