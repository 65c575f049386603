"""Charts of the industry chapter: open models over time."""
