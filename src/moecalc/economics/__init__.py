"""What a run costs: prices and sums.

May import: base, facts, model, mechanisms, hardware, training, serving.
"""
