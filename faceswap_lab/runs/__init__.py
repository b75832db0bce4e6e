"""Run identity, run folder, provenance, status and result. Nothing of torch."""
