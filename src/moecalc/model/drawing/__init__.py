"""A block as a graph: what is connected to what, for each kind of part, and where a picture puts it.

`graph` has the words for it; `mixers`, `recurrences` and `feed_forward` say how each kind of part is wired, `blocks` puts a
block together, `place` turns columns and lanes into pixels.
"""
