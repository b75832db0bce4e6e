"""What the order of the updates in a step changes, exactly: a study's companion (question 3)."""
