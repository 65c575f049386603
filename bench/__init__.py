"""How long the calculators, the command line and the build take: `python -m bench`.

Medians of many runs; what is compared is timed in one process, in turns. Nothing here is a test.
"""
