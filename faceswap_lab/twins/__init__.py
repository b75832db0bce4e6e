"""Twins: rendered identities whose true swap is known, because both can be drawn in the same state."""
