"""Dispatch and combine of routed experts: which nodes a token goes to, what crosses which network, and for how long.

``gate`` says how a token chooses, ``exact`` and ``race`` on how many nodes its experts lie, ``traffic`` what that
sends, ``links`` over which bandwidths, ``sms`` what it takes from computing; ``plan`` puts them together.
"""
