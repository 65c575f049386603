"""How a model is served: decoding, speculation, capacity.

May import: base, facts, model, mechanisms, hardware.
"""
