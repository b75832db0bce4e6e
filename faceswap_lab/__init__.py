"""faceswap_lab: architecture ablations of the faceswap autoencoder, answered with error bars."""

__version__ = "0.1.0"
