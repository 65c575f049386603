"""What computes and what connects: accelerators and one roofline.

It imports base, facts, model and mechanisms.
"""
