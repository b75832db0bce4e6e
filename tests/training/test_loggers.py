"""The mirrors of metrics.csv are closed with their run, and told how it ended."""

import sys
from types import SimpleNamespace

import pytest
import pytorch_lightning.loggers as lightning_loggers

from faceswap_lab.interruption import Interrupted
from faceswap_lab.runs.folder import find_or_create
from faceswap_lab.training import loggers
from faceswap_lab.training.loggers import mirrors
from faceswap_lab.training.stepper import Diverged

ENDS = {"finished": None, "diverged": Diverged(3, "loss_A", float("nan")), "interrupted": Interrupted(15, 3)}


class Watched:
    """Stands for a logger, and for the wandb package: no service is started."""

    def __init__(self, told, **options):
        self.told = told

    def finalize(self, status):
        self.told.append(status)


@pytest.mark.parametrize("end", ENDS)
def test_a_mirror_is_told_the_truth(end, tmp_path, monkeypatch):
    told = []
    wandb = SimpleNamespace(finish=lambda exit_code=0: told.append(exit_code))
    monkeypatch.setattr(loggers, "TensorBoardLogger", lambda **options: Watched(told, **options))
    monkeypatch.setattr(lightning_loggers, "WandbLogger", lambda **options: Watched(told, **options))
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    folder, raised = find_or_create(tmp_path, "tiny", 0, "0" * 10), None
    try:
        with mirrors(("tensorboard", "wandb"), folder, project="p", mode="offline", run_id="r", config={}) as made:
            assert len(made) == 2
            assert told == []
            if ENDS[end]:
                raise ENDS[end]
    except (Diverged, Interrupted) as error:
        raised = error
    assert raised is ENDS[end]
    assert told == (["success", "success", 0] if end == "finished" else ["failed", "failed", 1])
