"""One training step, from its samples to the weights: losses, optimizers, and a watch over what is not finite."""
