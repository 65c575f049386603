"""Figures that were read elsewhere, each with its unit, source and date.

May import: base.
"""
