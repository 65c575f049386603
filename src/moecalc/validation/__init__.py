"""Predicted beside measured: what runs of others needed, and what the calculators say of them.

May import: base, facts, numerics, model, mechanisms, hardware, training, serving.
"""
