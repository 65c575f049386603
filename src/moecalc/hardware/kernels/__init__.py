"""Times of single kernels: products, grouped products of experts, attention, element-wise work.

A kernel takes what a roofline allows, at the efficiency that its shape leaves: whole tiles, whole waves over the SMs, a
launch. ``parameters`` reads what was fitted from ``data/kernel_parameters.csv``, ``held_out`` says which measured shapes
no fit may use.
"""
