"""How a model is trained: layout, recipes, states, phases, hyperparameters, utilisation.

May import: base, facts, numerics, model, mechanisms, hardware.
"""
