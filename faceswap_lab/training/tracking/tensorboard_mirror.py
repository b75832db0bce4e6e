"""TensorBoard: event files in the run folder."""

import json
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from faceswap_lab.runs.flat import flat, text_of
from faceswap_lab.runs.identity import identity, plain
from faceswap_lab.training.tracking.mirror import Described, caption_of


class TensorBoardMirror:
    """Writes event files to ``tensorboard/`` in the run folder: ``tensorboard --logdir runs`` shows them.

    What the event files of earlier sessions hold of a run cannot be told from their being there: a session may have run
    without them, and a kill loses what waits to be written. So every session writes the run's past again, and tells
    TensorBoard to forget what it has read before.

    Args:
        run: what is shown.
    """

    def __init__(self, run: Described) -> None:
        from torch.utils.tensorboard import SummaryWriter  # here and not above: it takes a second

        self.described, self.place = run, self.place_of(run)
        folder = run.folder.path / "tensorboard"
        self.holds = -1
        self.writer = SummaryWriter(str(folder), purge_step=0)
        self.writer.add_text("config", f"```json\n{json.dumps(plain(run.config), indent=2)}\n```", 0)

    @staticmethod
    def place_of(run: Described) -> str:
        """Return where the run would be shown: there is one place."""
        return "tensorboard"

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Add a point to each curve."""
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)

    def picture(self, name: str, path: Path, step: int) -> None:
        """Add the file as it is, with all that its metadata say; the caption is the summary's description too."""
        from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata

        with Image.open(path) as image:
            width, height = image.size
        shown = Summary.Value(
            tag=name,
            metadata=SummaryMetadata(summary_description=caption_of(path)),
            image=Summary.Image(width=width, height=height, colorspace=3, encoded_image_string=path.read_bytes()),
        )
        self._add(Summary(value=[shown]), step)

    def result(self, values: Mapping[str, float], step: int) -> None:
        """Add each as the one point of a curve ``result/…``, and the run to the tab of hyperparameters."""
        from torch.utils.tensorboard.summary import hparams

        named = {f"result/{name}": value for name, value in values.items()}
        for name, value in named.items():
            self.writer.add_scalar(name, value, step)
        settings = {name: _as_hparam(value) for name, value in flat(identity(self.described.config)).items()}
        for summary in hparams(settings, named):
            self._add(summary, None)

    def close(self, failed: bool) -> None:
        """Write what waits. Event files do not say how a run ended."""
        self.writer.close()

    def _add(self, summary: object, step: int | None) -> None:
        events = self.writer.file_writer
        assert events is not None  # until the writer is closed
        events.add_summary(summary, step)


def _as_hparam(value: object) -> bool | int | float | str:
    return value if isinstance(value, bool | int | float | str) else text_of(value)
