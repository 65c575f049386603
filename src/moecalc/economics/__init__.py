"""What a run costs: prices and sums.

May import: base, facts, numerics, model, mechanisms, hardware, training, serving.
"""
