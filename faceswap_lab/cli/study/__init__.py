"""A sweep that asks a question: what it will run, how far it is, and the report of what it found."""
