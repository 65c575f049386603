"""Numbers of few bits: formats, scales of tiles and blocks, accumulators, seeded matrices to try them on.

May import: base.
"""
