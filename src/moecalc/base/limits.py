"""Largest sizes that a calculator takes: a slip of the keyboard gets a sentence, and no sum runs for hours."""

#: Longest sequence [tokens]
MAX_SEQ_LEN = 10**9
#: Widest number that is kept or sent; complex numbers of two FP64 are the widest there are [bytes]
MAX_BYTES_PER_ELEMENT = 16
#: Deepest chain of drafted tokens [tokens]
MAX_DEPTH = 100
#: Most GPUs that one kind of parallelism spans
MAX_PARALLEL_SIZE = 10**6
#: Most ranks of one pipeline, and most stages on one of them
MAX_PIPELINE_RANKS = 1024
#: Most chunks (a micro-batch on a stage) of one pipeline schedule
MAX_CHUNKS = 10**6
#: Most GPUs that are placed one by one
MAX_GPUS = 2**17
#: Most slots for copies of experts in one plan, over all its layers
MAX_EXPERT_SLOTS = 10**6
