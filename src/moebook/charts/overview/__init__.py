"""Charts of the overview: what the run cost, how the model compares."""
