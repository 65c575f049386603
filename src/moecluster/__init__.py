"""What ``moecalc`` does with more than Python: chunks on a Dask cluster, folders at any address, Parquet, a bar.

It needs the extra (``pip install "moecalc[cluster]"``). No module of moecalc imports it: the entry points of the group
``moecalc.drivers`` name its functions.
"""
