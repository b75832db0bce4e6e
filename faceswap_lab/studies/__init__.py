"""Questions: collecting runs, statistics, the report. Nothing of torch."""
