"""Everything that was asked so far, in one place: the findings, their page, and the numbers that a text may cite."""
