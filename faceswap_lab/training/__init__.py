"""How a training step is made: update orders, optimizer state, losses, the LightningModule and its callbacks."""
