"""Many jobs: every combination judged before the first starts, launched, recorded, and listed at the end."""
