"""Judging a run: swaps against the truth and against swaps that anybody can make, reconstruction, previews."""
