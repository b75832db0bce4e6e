"""What a trained autoencoder is worth: swap error against the truth, reconstruction, previews."""
