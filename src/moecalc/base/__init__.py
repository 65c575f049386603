"""What every calculator stands on: errors, checks of numbers, names, units, largest sizes, progress.

May import: nothing but the standard library.
"""
