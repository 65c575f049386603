"""Figures that were read elsewhere, each with its unit, source and date. It imports base alone."""
