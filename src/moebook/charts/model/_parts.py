"""Colours of the parts of a model, the same in every picture of one."""

#: Component in a reader's words -> name of a hue.
PARTS = {
    "attention": "blue",
    "linear attention": "teal",
    "attention indexer": "purple",
    "router": "green",
    "routed experts": "orange",
    "shared experts": "pink",
    "dense feed-forward": "brown",
    "MTP projection": "olive",
    "embedding": "slate",
    "output head": "slate",
}
#: What has no colour of its own: norms.
OTHER = "muted"
