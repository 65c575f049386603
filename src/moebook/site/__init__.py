"""The published site: a Sphinx extension that serves everything itself, and the commands that build and serve it."""
