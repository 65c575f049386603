"""The equations of V3's ideas on plain numbers: attention, routing, balancing, MTP, YaRN, GRPO.

May import: base, facts, numerics, model.
"""
