"""Where faces come from (twins, folders), the warp, and the samples a training step sees."""
