"""Where a run is shown besides its folder. ``metrics.csv`` is the record; all else can be made from it."""
