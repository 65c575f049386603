"""How a model is served: decoding, speculation, capacity.

May import: base, facts, numerics, model, mechanisms, hardware.
"""
