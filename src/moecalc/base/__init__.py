"""What every calculator stands on: errors, checks of numbers, units, largest sizes, progress.

May import: nothing but the standard library.
"""
