"""``pictures.npz`` of a run whose swaps real judges looked at: the part of each held-out picture in its scores.

<metric>_<way>   (n,) float32: the values of which the metric is the mean, or nearly so
blocks_<side>    (n,) which held-out pictures of a side belong together, such as a block of a film's frames
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from zipfile import BadZipFile

from faceswap_lab.runs.atomic import write_npz
from faceswap_lab.runs.folder import RunFolder

if TYPE_CHECKING:  # a refusal need not wait for NumPy
    import numpy as np
    from numpy.typing import NDArray

_BLOCKS = "blocks_"


class Pictures(NamedTuple):
    """What is known of single held-out pictures.

    Attributes:
        scores: metric → (n,).
        blocks: side → (m,), m >= n: the first ones are those that were judged.
    """

    scores: "dict[str, NDArray[np.float32]]"
    blocks: "dict[str, NDArray[np.int64]]"


def write_pictures(
    folder: RunFolder, scores: "Mapping[str, NDArray[np.float32]]", blocks: "Mapping[str, NDArray[np.int64]]"
) -> None:
    """Write the file.

    Raises:
        StorageError: it cannot be written.
    """
    whose = {f"{_BLOCKS}{side}": of.astype("int32") for side, of in blocks.items()}
    write_npz(folder.pictures, {**scores, **whose})


def read_pictures(folder: RunFolder) -> Pictures:
    """Return what the file holds; nothing where there is none, as in runs on rendered people, or a damaged one."""
    if not folder.pictures.exists():
        return Pictures({}, {})
    import numpy as np

    try:
        with np.load(folder.pictures, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, EOFError, ValueError, KeyError, BadZipFile):
        return Pictures({}, {})
    scores = {name: values for name, values in arrays.items() if not name.startswith(_BLOCKS)}
    return Pictures(scores, {name.removeprefix(_BLOCKS): x for name, x in arrays.items() if name not in scores})
