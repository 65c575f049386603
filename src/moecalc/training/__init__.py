"""How a model is trained: layout, recipes, states, phases, utilisation.

It imports the floors up to hardware, never serving.
"""
