"""What the calculators say to the last chapter's questions.

May import: base, facts, numerics, model, mechanisms, hardware, training, serving, economics, validation.
"""
