"""Judging a run: swap error against the truth, reconstruction, how well the swap follows its input, previews."""

from faceswap_lab.evaluation.followers import FOLLOWED, Follower, train_followers
from faceswap_lab.evaluation.held_out import HeldOut, held_out_from, mean_faces
from faceswap_lab.evaluation.png import write_png
from faceswap_lab.evaluation.preview import picture, preview_rows, tiles
from faceswap_lab.evaluation.scores import Swapper, baselines, evaluate

__all__ = [
    "FOLLOWED",
    "Follower",
    "HeldOut",
    "Swapper",
    "baselines",
    "evaluate",
    "held_out_from",
    "mean_faces",
    "picture",
    "preview_rows",
    "tiles",
    "train_followers",
    "write_png",
]
