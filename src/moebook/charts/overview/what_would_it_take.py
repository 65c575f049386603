"""The model's last layer, to scale, lower than in the figure that is about it."""

from moecalc.explorers.overview.what_would_it_take import FRAMES

from ..model.layer_to_scale import drawn


def draw(wide, controls):
    return drawn(FRAMES[0], "wide") if wide else drawn(FRAMES[1], "narrow")
