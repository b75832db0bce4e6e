"""docs/private_parts.md: what of Lightning is replaced by a name that is not public must go on being called by it."""

import inspect

import pytorch_lightning as pl


def test_lightning_still_asks_for_sigterm_where_we_answer():
    loop = pl.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False).fit_loop.epoch_loop
    assert callable(loop._broadcast_sigterm_tensor)
    assert "self._broadcast_sigterm_tensor()" in inspect.getsource(type(loop).advance)
