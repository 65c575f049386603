"""What every calculator stands on: errors, checks of numbers, units, progress. It imports the standard library alone."""
