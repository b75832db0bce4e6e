"""Judging a run: swaps against the truth and against swaps that anybody can make, reconstruction, previews."""

from faceswap_lab.evaluation.followers import FOLLOWED, Follower, train_followers
from faceswap_lab.evaluation.held_out import HeldOut, held_out_from, mean_faces
from faceswap_lab.evaluation.nulls import null_swaps
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
    "null_swaps",
    "picture",
    "preview_rows",
    "tiles",
    "train_followers",
    "write_png",
]
