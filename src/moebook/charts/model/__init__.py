"""Charts of the model chapter: what a model consists of, and its mechanisms."""
