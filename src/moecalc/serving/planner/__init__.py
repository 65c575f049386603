"""Which deployment: every way to serve a model on so many GPUs, the best of them, and why the others fail.

``question`` says what is asked, ``space`` which deployments there are, ``steps`` what instances of prefill and decode hold
and take, ``rates`` what they serve, ``rules`` what a deployment fails by and what it comes to, ``search`` looks at a part of
the space and joins parts, ``answer`` tells the whole. It has the shape of the planner of training: a part is named by two
numbers and computed by itself.
"""
