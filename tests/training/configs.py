"""Whole configurations, as the command line composes them, cut down to a tiny run on noise."""

from functools import cache

from faceswap_lab.config import load
from faceswap_lab.data.faces import FaceData
from tests.config.shipped import OPTIONS, composed
from tests.data.recipes import noise_faces

TINY = (
    "scale=smoke",
    "model.encoder_widths=[4,4,4]",
    "model.code_size=8",
    "model.bridge_width=4",
    "model.decoder_widths=[4,4]",
    "training.batch_size=4",
    "training.max_steps=14",
    "trainer=cpu",
    "trainer.threads=1",
    "progress=false",
    "logger.every_steps=3",
    "checkpoint.every_steps=5",
    "evaluation.preview_every_steps=4",
    "evaluation.preview_faces=2",
)


@cache
def config_for(*overrides):
    return load(composed(*TINY, *overrides), OPTIONS)


def noise_data():
    """Faces without a truth: judging them takes no time."""
    train, held_out = ({side: noise_faces(n, 128, seed=n + i) for i, side in enumerate("AB")} for n in (6, 2))
    return FaceData(train, held_out, paired=False, fingerprint="noise")
