"""One job: its configuration judged, its run looked up, trained if it is not finished, and reported."""
