"""Nodes as frames in two rows, their GPUs as columns of experts, NVLink outside, planes of InfiniBand between, and copies.

A place follows from a row's node and GPU: the lower row is the upper one, mirrored.
"""

import altair as alt

from moecalc.explorers.training.token_path import CHOSEN, IDLE, OVER_IB, OVER_NVLINK, OWN

from ...theme import hue
from .. import NARROW, ROWS, WIDE, column

COLOURS = {OWN: "blue", OVER_IB: "green", OVER_NVLINK: "purple", CHOSEN: "orange", IDLE: "slate"}
#: From the edge inwards: where frame, NVLink, GPUs and planes begin and end [pixels]
LINES = {
    True: dict(frame=16, link=24, link_end=30, top=42, bottom=104, frame_end=110, planes=126, height=322),
    False: dict(frame=13, link=18, link_end=22, top=29, bottom=73, frame_end=78, planes=88, height=232),
}
#: A symbol of this size is drawn as large as its path says.
AS_IT_IS = 4
NODES, GPUS = (f"(extent({column(key)})[1] + 1)" for key in ("node", "gpu"))


def draw(wide, controls):
    picture = _Picture(wide)
    layers = [*picture.planes(), *picture.nodes(), *picture.gpus(), *picture.copies()]
    return alt.layer(*layers).resolve_scale(color="independent")


class _Picture:
    def __init__(self, wide):
        self.wide, self.at = wide, LINES[wide]
        self.width, self.height = WIDE if wide else NARROW, self.at["height"]
        self.chart = alt.Chart(alt.NamedData(ROWS), width=self.width, height=self.height)

    # --- places

    def x(self, field):
        return alt.X(f"{field}:Q", axis=None, scale=alt.Scale(domain=[0, self.width], nice=False, zero=False))

    def y(self, field):
        return alt.Y(f"{field}:Q", axis=None, scale=alt.Scale(domain=[self.height, 0], nice=False, zero=False))

    def pitch(self):
        """Expression for the width of a node with the gap beside it."""
        return f"({self.width} / ceil({NODES} / 2))"

    def gap(self):
        return f"min({16 if self.wide else 8}, 0.14 * {self.pitch()})"

    def left(self, node="datum.node"):
        return f"({node} % ceil({NODES} / 2) * {self.pitch()} + {self.gap()} / 2)"

    def step(self):
        """Expression for the width of a GPU with the gap beside it."""
        return f"(({self.pitch()} - {self.gap()} - {self.gap()} / 2) / {GPUS})"

    def middle(self, node="datum.node", gpu="datum.gpu"):
        return f"({self.left(node)} + {self.gap()} / 4 + ({gpu} + 0.5) * {self.step()})"

    def half(self):
        return f"min({15 if self.wide else 10}, 0.39 * {self.step()})"

    def down(self, place, node="datum.node"):
        """A place counted from the edge, in the row where the node is."""
        place = self.at.get(place, place)
        # a node alone stands in the middle
        alone = self.height / 2 - (self.at["frame"] + self.at["frame_end"]) / 2
        return f"({NODES} == 1 ? {alone} + {place} : {node} < ceil({NODES} / 2) ? {place} : {self.height} - {place})"

    def plane(self, gpu="datum.gpu"):
        room = self.height - 2 * self.at["planes"]
        return f"({self.at['planes']} + ({gpu} + 0.5) * {room} / {GPUS})"

    def part(self, name, **places):
        return self.chart.transform_filter(f"datum.part == '{name}'").transform_calculate(**places)

    def colour(self, channel, legend=None):
        scale = alt.Scale(domain=list(COLOURS), range=[hue(name) for name in COLOURS.values()])
        return channel("what:N", scale=scale, legend=legend)

    # --- layers

    def rules(self, base, **mark):
        """A line from x, y to x2, y2."""
        return base.mark_rule(**mark).encode(x=self.x("x"), y=self.y("y"), x2="x2:Q", y2="y2:Q")

    def planes(self):
        thin = {"stroke": hue("slate"), "strokeWidth": 0.8, "aria": False}
        along = self.chart.transform_filter("datum.part == 'gpu' && datum.node == 0").transform_calculate(
            x="0", x2=f"{self.width}", y=self.plane(), y2=self.plane()
        )
        stubs = self.part("gpu", x=self.middle(), x2=self.middle(), y=self.down("bottom"), y2=self.plane())
        inside = self.part("gpu", x=self.middle(), x2=self.middle(), y=self.down("top"), y2=self.down("link"))
        junctions = self.part("gpu", x=self.middle(), y=self.plane(), size=f"min(9, 40 / {GPUS})")
        return (
            self.rules(along, opacity=alt.ExprRef(f"{NODES} > 1 ? min(0.55, 8 / {GPUS}) : 0"), **thin),
            self.rules(stubs, opacity=alt.ExprRef(f"{NODES} > 1 ? 0.22 : 0"), **thin),
            self.rules(inside, opacity=0.4, **thin),
            junctions.mark_point(
                filled=True, fill=hue("slate"), opacity=alt.ExprRef(f"{NODES} > 1 ? 0.45 : 0"), aria=False
            ).encode(x=self.x("x"), y=self.y("y"), size=alt.Size("size:Q", scale=None, legend=None)),
        )

    def nodes(self):
        base = (
            self.part("gpu", on=f"datum.what == '{IDLE}' ? 0 : 1")
            .transform_joinaggregate(reached="max(on)", groupby=["node"])
            .transform_filter("datum.gpu == 0")
        )

        def box(top, bottom):
            right = f"{self.left()} + {self.pitch()} - {self.gap()}"
            return base.transform_calculate(x=self.left(), x2=right, y=self.down(top), y2=self.down(bottom))

        def strong(yes, no):
            return alt.condition("datum.reached", alt.value(yes), alt.value(no))

        ends = {"x": self.x("x"), "x2": "x2:Q", "y": self.y("y"), "y2": "y2:Q"}
        frames = box("frame", "frame_end").mark_rect(
            fill="transparent", stroke=hue("slate"), cornerRadius=4, aria=False
        )
        switches = box("link", "link_end").mark_rect(fill=hue("slate"), cornerRadius=2, aria=False)
        names = box("frame", "frame").transform_calculate(
            x=f"{self.left()} + ({self.pitch()} - {self.gap()}) / 2",
            y=self.down(self.at["frame"] / 2 - 1),
            label=f"({self.pitch()} < 48 ? '' : 'node ') + (datum.node + 1)",
        )
        return (
            frames.encode(strokeWidth=strong(1.4, 0.7), strokeOpacity=strong(1, 0.6), **ends),
            switches.encode(fillOpacity=strong(0.45, 0.22), **ends),
            names.mark_text(baseline="middle", fontSize=11 if self.wide else 9).encode(
                x=self.x("x"),
                y=self.y("y"),
                text="label:N",
                color=strong(hue("text"), hue("muted")),
            ),
        )

    def gpus(self):
        legend = alt.Legend(
            title=None,
            orient="top",
            values=[name for name in COLOURS if name != IDLE],
            columns=4 if self.wide else 2,
            columnPadding=16 if self.wide else 10,
            labelFontSize=11,
            symbolType="square",
            symbolOpacity=1,
            symbolSize=70,
            symbolStrokeWidth=0,
        )
        base = self.part("gpu", left=f"{self.middle()} - {self.half()}", right=f"{self.middle()} + {self.half()}")
        cells = base.transform_calculate(y=self.down("top"), y2=self.down("bottom")).mark_rect(cornerRadius=2)
        ends = {"x": self.x("left"), "x2": "right:Q", "y": self.y("y"), "y2": "y2:Q"}
        idle = f"datum.what == '{IDLE}'"
        room = self.at["bottom"] - self.at["top"] - 4
        slots = (
            base.transform_calculate(slot="sequence(datum.held)", lit="split(datum.slots, ',')")
            .transform_flatten(["slot"])
            .transform_calculate(
                from_top=f"{self.at['top']} + 2 + datum.slot * {room} / datum.held",
                on="indexof(datum.lit, '' + datum.slot) >= 0",
            )
            .transform_calculate(
                y=self.down("datum.from_top"),
                y2=self.down(f"(datum.from_top + {room} / datum.held * (datum.held > 16 ? 0.7 : 0.82))"),
                left="datum.left + min(2, 0.15 * (datum.right - datum.left))",
                right="datum.right - min(2, 0.15 * (datum.right - datum.left))",
            )
        )
        return (
            cells.encode(
                fill=self.colour(alt.Fill, legend),
                stroke=self.colour(alt.Stroke),
                fillOpacity=alt.condition(idle, alt.value(0.05), alt.value(0.3)),
                strokeOpacity=alt.condition(idle, alt.value(0.45), alt.value(1)),
                strokeWidth=alt.condition(idle, alt.value(0.7), alt.value(1.5)),
                **ends,
            ),
            slots.mark_rect(aria=False).encode(
                fill=alt.condition("datum.on", alt.value(hue("orange")), alt.value(hue("slate"))),
                fillOpacity=alt.condition("datum.on", alt.value(1), alt.value(0.28)),
                **ends,
            ),
        )

    def copies(self):
        start, end = (("datum.from_node", "datum.from_gpu"), ("datum.node", "datum.gpu"))
        thick = {"strokeWidth": 2.4 if self.wide else 1.8, "strokeCap": "round", "aria": False}
        over = {
            OVER_IB: ("bottom", self.plane()),
            OVER_NVLINK: ("top", self.down((self.at["link"] + self.at["link_end"]) / 2)),
        }
        layers = []
        for what, (side, line) in over.items():
            base = self.part("copy").transform_filter(f"datum.what == '{what}'")
            pieces = (
                {"x": self.middle(*start), "x2": self.middle(*start), "y": self.down(side, start[0]), "y2": line},
                {"x": self.middle(*start), "x2": self.middle(*end), "y": line, "y2": line},
                {"x": self.middle(*end), "x2": self.middle(*end), "y": line, "y2": self.down(side)},
            )
            layers += [self.rules(base.transform_calculate(**piece), stroke=hue(COLOURS[what]), **thick) for piece in pieces]
            upper = f"datum.node < ceil({NODES} / 2)"
            into = upper if side == "bottom" else f"!({upper})"
            heads = base.transform_calculate(x=self.middle(*end), y=self.down(side), turn=f"{into} ? 0 : 180")
            size = 1 if self.wide else 0.75
            layers.append(
                heads.mark_point(
                    shape=f"M0,{-2 * size}L{4 * size},{6 * size}L{-4 * size},{6 * size}Z",
                    size=AS_IT_IS,
                    filled=True,
                    fill=hue(COLOURS[what]),
                    opacity=1,
                    strokeWidth=0,
                ).encode(x=self.x("x"), y=self.y("y"), angle=alt.Angle("turn:Q", scale=None))
            )
        return layers
