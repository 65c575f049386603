"""How a model is served: decoding, speculation, capacity.

It imports the floors up to hardware, never training.
"""
