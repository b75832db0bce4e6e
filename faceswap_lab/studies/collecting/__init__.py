"""The runs of a question as they lie on the disk, and how they were made."""
