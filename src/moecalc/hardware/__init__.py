"""What computes and what connects: accelerators and one roofline.

May import: base, facts, numerics, model, mechanisms.
"""
