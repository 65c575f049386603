"""Times a few kernels on an accelerator that someone has: ``python -m moecalibrate --out rows.csv``.

It needs PyTorch (``pip install "moecalc[calibrate]"``) and nothing else; ``--dry-run`` needs not even that. ``moecalc
calibrate --file rows.csv`` turns its rows into the numbers of an accelerator. No module of moecalc imports it.
"""
