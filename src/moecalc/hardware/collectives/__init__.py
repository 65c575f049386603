"""Times of communication: NCCL's collectives, and dispatch and combine by DeepEP's two kinds of kernels.

``nccl`` counts what a ring sends and how long it takes, ``low_latency`` and ``normal`` do so for DeepEP. Each form has few
parameters, fitted on measured rows: ``parameters`` reads them, with the interval of the rows that no fit has used.
"""
