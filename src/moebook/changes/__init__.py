"""The changelog of numbers: what every figure and every claim says at one commit beside what it says at another.

`record` writes down what a version of moecalc computes and imports nothing else, so that a commit's own code can run it;
`source` gets a record from a file or a commit, `compare` holds two beside each other, `markdown` says what changed.
"""
