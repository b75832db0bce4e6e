"""What can be said from paired values: tests, intervals, verdicts. Nothing here knows of runs or files."""
