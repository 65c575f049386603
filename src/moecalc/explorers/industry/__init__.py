"""Figures of the industry chapter: open models over time."""
