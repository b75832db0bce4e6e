"""What a training leaves: checkpoints, weights, and a trained model in a person's hands."""
