"""Nodes drawn from their links: GPUs above, memory in the middle, a card below; a line's width is what it carries.

A row is a link of one way; how many lines it is drawn with, and where, follows from its name.
"""

import altair as alt

from moecalc.explorers.training.all_reduce_paths import NODE, SHOWN
from moecalc.hardware.host_reduce import CARD, HOST, HOST_PAIRS, MEMORY, NVLINK, PCIE, PEER, RING, ROOT_PORT, WAYS

from ...theme import hue
from .. import NARROW, ROWS, WIDE, panel_header

GPUS = NODE.gpus
#: Where things stand, downwards from the top of a panel of height 1.
TOP, PORT, DRAM, CARD_AT, OUT = 0.1, 0.3, 0.47, 0.7, 0.8
ABOVE, BELOW = DRAM - 0.05, DRAM + 0.05
LEFT, RIGHT = 0.06, 0.94
STEP = (RIGHT - LEFT) / (GPUS - 1)
#: The two that share a root port: GPU5 and GPU6, counted from 0 in the paper.
PAIRED = 5
#: What a phone has room for.
SHORT = {RING: "NCCL, a ring", HOST: "HFReduce", HOST_PAIRS: "with bridges"}


def draw(wide, controls):
    return _Picture(wide).chart()


class _Picture:
    def __init__(self, wide):
        self.wide = wide
        self.width = (WIDE - 40) // len(SHOWN) if wide else (NARROW - 26) // len(SHOWN)
        self.height = 250 if wide else 190
        self.base = alt.Chart(alt.NamedData(ROWS), width=self.width, height=self.height)
        self.size = 12 if wide else 10

    def chart(self):
        layers = alt.layer(*self.links(), *self.boxes(), *self.words())
        short = " : ".join(f"datum.value == '{WAYS[way]}' ? '{name}'" for way, name in SHORT.items()) + " : ''"
        words = {} if self.wide else {"labelExpr": short}
        header = panel_header(labelFontSize=self.size + (0 if self.wide else 1), labelLimit=self.width + 8, **words)
        sort = alt.EncodingSortField("order", order="ascending")
        return layers.facet(column=alt.Column("way:N", sort=sort, header=header), spacing=20 if self.wide else 12)

    # --- places

    def x(self, field="x"):
        return alt.X(f"{field}:Q", axis=None, scale=alt.Scale(domain=[0, 1], nice=False, zero=False))

    def y(self, field="y"):
        return alt.Y(f"{field}:Q", axis=None, scale=alt.Scale(domain=[1, 0], nice=False, zero=False))

    def part(self, name, way=None, many=1, **places):
        found = self.base.transform_filter(f"datum.part == '{name}'")
        if way:
            found = found.transform_filter(f"datum.way == '{WAYS[way]}'")
        if many > 1:
            found = found.transform_calculate(i=f"sequence({many})").transform_flatten(["i"])
        return found.transform_calculate(**{key: str(value) for key, value in places.items()})

    def at(self, place):
        """Expression for where a GPU stands, counted from 0."""
        return f"({LEFT} + ({place}) * {STEP})"

    # --- layers

    def lines(self, base):
        """Lines as thick as what they carry, the narrowest link red."""
        widest = 11 if self.wide else 7
        red = alt.Color(
            "kind:N",
            scale=alt.Scale(domain=["narrowest link", "other links"], range=[hue("red"), hue("blue")]),
            legend=alt.Legend(title=None, symbolType="stroke", symbolStrokeWidth=6, symbolSize=250, columnPadding=20),
        )
        return (
            base.transform_calculate(
                thick=f"min({widest}, {widest / 2} * datum.load)",
                kind="datum.busy > 0.999 ? 'narrowest link' : 'other links'",
            )
            .mark_rule(strokeCap="butt", aria=True)
            .encode(
                x=self.x(),
                y=self.y(),
                x2="x2:Q",
                y2="y2:Q",
                strokeWidth=alt.StrokeWidth("thick:Q", scale=None, legend=None),
                color=red,
            )
        )

    def links(self):
        gpu = self.at("datum.i")
        for way in (HOST, HOST_PAIRS):
            yield self.lines(self.part(PCIE, way, GPUS, x=gpu, x2=gpu, y=TOP, y2=ABOVE))
        yield self.lines(self.part(PCIE, RING, GPUS - 1, x=gpu, x2=self.at("datum.i + 1"), y=TOP, y2=TOP))
        ends = {"x": f"(datum.i ? {RIGHT} : {LEFT})", "y": TOP, "y2": CARD_AT}
        yield self.lines(self.part(PEER, RING, 2, x2=f"(datum.i ? {0.5 + STEP / 3} : {0.5 - STEP / 3})", **ends))
        pair = {"x": self.at("2 * datum.i"), "x2": self.at("2 * datum.i + 1"), "y": TOP, "y2": TOP}
        yield self.lines(self.part(NVLINK, HOST_PAIRS, GPUS // 2, **pair))
        # a bar over the two lines that share a root port
        port = {"x": self.at(PAIRED - 0.35), "x2": self.at(PAIRED + 1.35), "y": PORT, "y2": PORT}
        for way in (HOST, HOST_PAIRS):
            yield self.lines(self.part(ROOT_PORT, way, **port))
            yield self.lines(self.part(CARD, way, x="0.5", x2="0.5", y=BELOW, y2=CARD_AT))
        yield self.lines(self.part(CARD, None, x="0.5", x2="0.5", y=CARD_AT, y2=OUT))

    def boxes(self):
        ends = {"x": self.x(), "x2": "x2:Q", "y": self.y(), "y2": "y2:Q"}
        half, tall = (0.36 if self.wide else 0.4) * STEP, 0.045
        many = self.part(PCIE, None, GPUS, left=self.at("datum.i"))
        gpus = many.transform_calculate(
            x=f"datum.left - {half}", x2=f"datum.left + {half}", y=str(TOP - tall), y2=str(TOP + tall)
        )
        paper = {"fill": hue("paper"), "stroke": hue("slate"), "strokeWidth": 1.2, "cornerRadius": 2, "aria": False}
        dram = self.part(MEMORY, None, x=LEFT - half, x2=RIGHT + half, y=ABOVE, y2=BELOW)
        narrow = "datum.busy > 0.999"
        idle = self.part(PCIE, RING, x=LEFT - half, x2=RIGHT + half, y=ABOVE, y2=BELOW)
        card = self.part(PCIE, None, x=0.5 - 0.13, x2=0.5 + 0.13, y=CARD_AT - tall, y2=CARD_AT + tall)
        yield gpus.mark_rect(**paper).encode(**ends)
        yield dram.mark_rect(cornerRadius=3).encode(
            fill=alt.condition(narrow, alt.value(hue("red")), alt.value(hue("blue"))),
            fillOpacity=alt.FillOpacity("busy:Q", scale=alt.Scale(domain=[0, 1], range=[0.05, 0.55]), legend=None),
            stroke=alt.condition(narrow, alt.value(hue("red")), alt.value(hue("blue"))),
            **ends,
        )
        yield idle.mark_rect(**paper | {"strokeDash": [3, 3], "fillOpacity": 0}).encode(**ends)
        yield card.mark_rect(**paper).encode(**ends)

    def words(self):
        small = self.size - 1
        names = self.part(PCIE, None, GPUS, x=self.at("datum.i"), y=TOP, label="datum.i")
        place = {"x": self.x(), "y": self.y(), "text": "label:N"}
        if self.wide:
            yield names.mark_text(fontSize=small - 1, color=hue("muted"), aria=False).encode(**place)
        text = {"fontSize": small, "color": hue("text"), "aria": False}
        halo = {"stroke": hue("paper"), "strokeWidth": 4, "strokeJoin": "round"}
        card = self.part(PCIE, None, x=0.5, y=CARD_AT, label="'card'")
        yield card.mark_text(**text).encode(**place)
        memory = "'memory of the CPUs: '" if self.wide else "''"
        memory += " + format(datum.load, '.3~') + ' x, ' + format(datum.busy, '.0%') + ' busy'"
        dram = self.part(MEMORY, None, x=0.5, y=DRAM, label=memory)
        for look in (halo, {}):
            yield dram.mark_text(**text | look).encode(**place)
        idle = self.part(
            PCIE, RING, x=0.5, y=DRAM, label="'memory of the CPUs: not used'" if self.wide else "'CPUs: not used'"
        )
        yield idle.mark_text(**text | {"color": hue("muted")} | halo).encode(**place)
        yield idle.mark_text(**text | {"color": hue("muted")}).encode(**place)
        port = self.part(ROOT_PORT, None, x=self.at(PAIRED + 0.5), y=PORT - 0.055, label="'root port'")
        for look in (halo, {}):
            yield port.mark_text(**text | look).encode(**place)
        high, low = "format(datum.bound / 1e9, '.1f')", "format(datum.least / 1e9, '.1f')"
        most = f"'at most ' + ({low} == {high} ? {high} : {low} + ' to ' + {high}) + (datum.wide ? ' GB/s' : '')"
        reached = "(isValid(datum.measured) ? 'measured ' + format(datum.measured / 1e9, '.1f') + ' GB/s' : '')"
        base = self.part(PCIE, None, wide=str(self.wide).lower(), x=0.5, y=0.9)
        for at, said in ((0.9, most), (0.97 if self.wide else 0.98, reached)):
            line = base.transform_calculate(y=str(at), label=said)
            yield line.mark_text(fontSize=self.size, fontWeight="bold", color=hue("text")).encode(**place)
