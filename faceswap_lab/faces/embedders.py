"""Who a face is, as a vector: two networks that were trained apart, so that they do not err alike."""

from contextlib import suppress
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.mean_face import Framing, Points, aligning, similarity
from faceswap_lab.faces.model_files import ModelMissing, model_file

Embedding = NDArray[np.float64]

# Where a picture of 112 px has eyes, tip of the nose and corners of the mouth (Deng et al., "ArcFace", CVPR 2019).
_ARCFACE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
_FIVE_OF_68 = ((36, 39), (42, 45), (30,), (48,), (54,))
_DLIB_FRAMING = Framing(1 / 1.5, (0.5, 0.5))  # the mean face's square with a quarter of its side around it


class Embedder(Protocol):
    """Tells who a face is.

    Attributes:
        name: what metrics call it.
        same: the cosine above which two pictures are taken for one person, as the network's makers say.
    """

    name: str
    same: float

    def embed(self, frame: NDArray[np.uint8], landmarks: Points) -> Embedding:
        """Return the embedding, of length 1, of the face with 68 landmarks in a frame (H, W, 3) RGB."""


class SFace:
    """SFace (Zhong et al., TIP 2021) as in OpenCV's zoo, through OpenCV's dnn. 128 numbers."""

    name, same = "sface", 0.363

    def __init__(self) -> None:
        # Its weights are listed as inputs too, so the input must be named, and cv2.FaceRecognizerSF cannot run it.
        self._net = cv2.dnn.readNetFromONNX(str(model_file("sface")))

    def embed(self, frame: NDArray[np.uint8], landmarks: Points) -> Embedding:
        """See `Embedder`."""
        points = np.array([landmarks[list(which)].mean(axis=0) for which in _FIVE_OF_68])
        chip = cv2.warpAffine(frame, similarity(points, _ARCFACE), (112, 112), flags=cv2.INTER_LINEAR)
        self._net.setInput(cv2.dnn.blobFromImage(chip), "data")
        return unit(self._net.forward()[0])


class Dlib:
    """dlib's face recognition network (King 2017). 128 numbers; needs the extra ``second_embedder``."""

    name, same = "dlib", 0.82  # dlib's own bound is a distance of 0.6 between vectors of length about 1

    def __init__(self) -> None:
        try:
            import dlib
        except ImportError as error:
            raise ModelMissing("dlib is not installed; pip install 'faceswap-lab[second_embedder]'") from error
        self._net = dlib.face_recognition_model_v1(str(model_file("dlib")))

    def embed(self, frame: NDArray[np.uint8], landmarks: Points) -> Embedding:
        """See `Embedder`."""
        chip = cv2.warpAffine(frame, aligning(landmarks, _DLIB_FRAMING, 150), (150, 150), flags=cv2.INTER_LINEAR)
        return unit(np.array(self._net.compute_face_descriptor(np.ascontiguousarray(chip))))


def embedders() -> list[Embedder]:
    """Return those that are installed: SFace always, dlib's where it is.

    Raises:
        ModelMissing: not even the first is.
    """
    found: list[Embedder] = [SFace()]
    with suppress(ModelMissing):
        found.append(Dlib())
    return found


def unit(vector: NDArray[np.floating]) -> Embedding:
    """Return a vector at length 1; zeros stay zeros."""
    values = np.asarray(vector, np.float64)
    return values / (float(np.linalg.norm(values)) or 1.0)
