"""Which layout: every way to lay a model over GPUs, the best of them, and why the others fail.

``question`` says what is asked, ``space`` which layouts there are, ``bounds`` what each fails by, ``search`` looks at a
part of the space, ``front`` joins parts, ``answer`` tells the whole. A part is named by two numbers and computed by itself,
so that a search runs in one process, in several or on a cluster, and gives the same answer to the byte.
"""
