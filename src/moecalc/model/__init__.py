"""What a config is and what it counts to: parameters, FLOPs, cache, checkpoint.

May import: base, facts, numerics.
"""
