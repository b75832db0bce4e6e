"""The faceswap autoencoder: activations, blocks, encoder, decoder, and how they are wired. Plain arguments only."""
