"""A waterfall from V2 to V3, and beside it what each change adds in other orders."""

import altair as alt

from ...theme import hue
from .. import ROWS, column, part_title, room

TITLES = {"parameters": "Parameters", "bytes": "Bytes a token", "FLOPs": "FLOPs a token"}
#: Expression for the unit of what is counted.
UNIT = f"data('{ROWS}')[0].unit"
SHORT = "format(datum.value, '~s')"
#: Expression for a number at the axis: parameters are counted in B, not G.
NUMBER = f"{UNIT} == 'parameters' ? replace(replace({SHORT}, 'G', ' B'), 'T', ' T') : {SHORT}"

#: Field -> what a mark of the lower part stands for, its shape and colour.
MARKS = {
    "alone": ("alone", "circle", "orange"),
    "last": ("last", "square", "purple"),
    "mean": ("mean of all orders", "diamond", "green"),
}


def draw(wide, controls):
    return alt.hconcat(_waterfall(wide), _interaction(wide), spacing=16 if wide else 14, bounds="flush").resolve_scale(
        # both have the lines of the waterfall
        color="independent",
        x="independent",
        y="shared",
        shape="independent",
    )


def _steps(axis):
    return alt.Y("step:N", sort=None, title=None, axis=axis)


def _part(wide):
    return alt.Chart(alt.NamedData(ROWS), width=215 if wide else 95, height=alt.Step(30 if wide else 18))


def _waterfall(wide):
    kinds = alt.Scale(domain=["model", "adds", "takes away"], range=[hue("slate"), hue("blue"), hue("orange")])
    names = alt.Axis(labelLimit=0, minExtent=172 if wide else 140, labelFontSize=12 if wide else 10)
    base = _part(wide).encode(
        y=_steps(names),
        x=alt.X(
            "base:Q",
            title=None,
            axis=alt.Axis(labelExpr=NUMBER, tickCount=3 if wide else 2),
            scale=room("end", 1.35 if wide else 1.5),
        ),
        x2="end:Q",
        # on a phone the signs say it
        color=alt.Color("kind:N", scale=kinds, title=None, legend=alt.Legend(columnPadding=24) if wide else None),
    )
    labels = base.mark_text(align="left", dx=4, fontSize=11 if wide else 9).encode(
        x="end:Q", x2=alt.X2(), text="label:N", color=alt.value(hue("text"))
    )
    # the title of an axis cannot follow the rows, that of the chart can
    title = part_title(alt.ExprRef(f"{TITLES}[{UNIT}]"), frame="bounds")
    return (base.mark_bar() + labels).properties(title=title)


def _interaction(wide):
    words = {field: name for field, (name, _, _) in MARKS.items()}
    domain, shapes, colours = zip(*MARKS.values(), strict=True)
    low, high = f"min(0, extent({column('least')})[0])", f"extent({column('most')})[1]"
    base = (
        _part(wide)
        .transform_filter("isValid(datum.alone)")
        .encode(y=_steps(alt.Axis(labels=False, ticks=False, domain=False, grid=True)))
    )
    x = {
        "title": None,
        "axis": alt.Axis(labelExpr=NUMBER, tickCount=3 if wide else 2),
        "scale": alt.Scale(
            domainMin=alt.ExprRef(f"{low} - 0.04 * ({high} - {low})"),
            domainMax=alt.ExprRef(f"{high} + 0.04 * ({high} - {low})"),
            nice=False,
        ),
    }
    lines = base.mark_rule(strokeWidth=2, color=hue("muted"), aria=True).encode(x=alt.X("least:Q", **x), x2="most:Q")
    # on a phone it begins above the waterfall, which has none
    place = {"columnPadding": 12} if wide else {"orient": "none", "legendX": -150, "legendY": -16, "columnPadding": 8}
    legend = alt.Legend(direction="horizontal", symbolSize=70, labelFontSize=12 if wide else 11, **place)
    marks = (
        base.transform_fold(list(MARKS), as_=["how", "added"])
        .transform_calculate(way=f"{words}[datum.how]")
        .mark_point(filled=True, opacity=1, size=70)
        .encode(
            x=alt.X("added:Q", **x),
            color=alt.Color("way:N", scale=_scale(domain, map(hue, colours)), title=None, legend=legend),
            shape=alt.Shape("way:N", scale=_scale(domain, shapes), title=None, legend=legend),
        )
    )
    zero = base.mark_rule(color=hue("grid")).encode(x=alt.datum(0))
    title = "What each adds, in any order" if wide else "In any order"
    return alt.layer(zero, lines, marks).properties(title=part_title(title))


def _scale(domain, values):
    return alt.Scale(domain=list(domain), range=list(values))
