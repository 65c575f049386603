"""A strip of layers, the boxes of one block below it, and the chosen ones worked out."""

import altair as alt

from ...theme import hue
from .. import chart, column, part_title, plot_width

#: Colours of the kinds of blocks, in the order of the rows: the ends come first.
KINDS = ("slate", "orange", "blue", "green", "purple", "teal", "pink")
SELECTED = "datum.selected"
#: A row's number among those that a part of the chart draws.
NUMBERED = alt.WindowFieldDef(**{"op": "row_number", "as": "index"})


def number(field: str, unit: str = "") -> str:
    """Expression for a count with its prefix, nothing for none; without a unit it is a count of parameters, in B."""
    short = f"replace(format(datum.{field}, datum.{field} < 999.5 ? '~f' : '.3s'), 'k', 'K')"
    if unit:
        return f"datum.{field} == 0 ? '' : replace({short}, regexp('([0-9])([KMGTP]?)$'), '$1 $2{unit}')"
    return f"replace(replace({short}, 'G', 'B'), regexp('([0-9])([KMBTP])$'), '$1 $2')"


def draw(wide, controls):
    parts = [_strip(wide), _boxes(wide), _worked(wide)]
    return alt.vconcat(*parts, spacing=14).resolve_scale(color="independent", x="independent", y="independent")


def _strip(wide):
    kinds = alt.Scale(range=[hue(name) for name in KINDS])
    legend = alt.Legend(columns=2 if wide else 1, columnPadding=24, symbolOpacity=1, offset=4)
    last = f"{column('last')}[0]"
    return (
        chart(wide, 12, height=26, title=part_title("The whole model, a cell for each layer"))
        .transform_filter("datum.part == 'pattern'")
        # 1-3, 5 is a row for each of 1, 2, 3, 5
        .transform_calculate(places="split(datum.places, ', ')")
        .transform_flatten(["places"])
        .transform_calculate(ends="split(datum.places, '-')")
        .transform_calculate(places="sequence(toNumber(datum.ends[0]), toNumber(peek(datum.ends)) + 1)")
        .transform_flatten(["places"])
        .transform_calculate(end="datum.places + 0.86", low="datum.selected ? 0 : 0.2", high="datum.selected ? 1 : 0.8")
        .mark_rect()
        .encode(
            x=alt.X(
                "places:Q",
                title=None,
                axis=None,
                scale=alt.Scale(domainMin=0, domainMax=alt.ExprRef(last), nice=False, zero=False),
            ),
            x2="end:Q",
            y=alt.Y("low:Q", axis=None, scale=alt.Scale(domain=[0, 1])),
            y2="high:Q",
            opacity=alt.condition(SELECTED, alt.value(1), alt.value(0.6)),
            color=alt.Color("name:N", sort=None, scale=kinds, title=None, legend=legend),
        )
    )


def _boxes(wide):
    width = plot_width(wide, 12)
    base = chart(wide, 12, height=alt.Step(25 if wide else 46)).transform_filter("datum.part == 'box'")
    base = base.transform_window([NUMBERED]).transform_calculate(
        of="datum.component == datum.name ? '' : datum.component",
        params_label="datum.formula == '' ? '' : datum.params == 0 ? 'shared' : " + number("params"),
        flops_label=number("flops", "FLOPs"),
        bytes_label=number("bytes", "B"),
    )
    base = base.encode(y=alt.Y("index:O", axis=None, title=None, scale=alt.Scale(paddingInner=0.18, paddingOuter=0.1)))
    chosen = alt.condition(SELECTED, alt.value(hue("blue")), alt.value(hue("grid")))
    boxes = base.mark_rect(fillOpacity=0.12, cornerRadius=3).encode(
        x=alt.value(0),
        x2=alt.value(width),
        color=chosen,
        stroke=chosen,
        strokeWidth=alt.condition(SELECTED, alt.value(1.5), alt.value(1)),
    )
    muted = hue("muted")

    def words(field, x, dy=0, align="left", size=12, colour="text", bold=False):
        return base.mark_text(
            align=align, dy=dy, fontSize=size, color=hue(colour), fontWeight="bold" if bold else "normal"
        ).encode(x=alt.value(x), text=field)

    def heading(text, x, align="right"):
        first = base.transform_filter("datum.index == 1")
        return first.mark_text(align=align, fontSize=11, color=muted, text=text).encode(x=alt.value(x), y=alt.value(-7))

    if wide:
        at = {"parameters": 478, "FLOPs a token": 562, "bytes": width - 8}
        texts = [
            words("name:N", 10, size=11, bold=True),
            words("of:N", 196, size=10, colour="muted"),
            words("shape:N", 314, size=11),
            *(
                words(label, x, align="right", size=11)
                for label, x in zip(("params_label:N", "flops_label:N", "bytes_label:N"), at.values(), strict=True)
            ),
            heading("part of", 196, "left"),
            heading("shape", 314, "left"),
        ]
    else:
        at = {"parameters": 190, "FLOPs": 262, "bytes": width - 8}
        texts = [
            words("name:N", 10, -9, bold=True, size=11),
            words("of:N", width - 8, -9, "right", 10, "muted"),
            words("shape:N", 10, 9, size=10),
            *(
                words(label, x, 9, "right", 10)
                for label, x in zip(("params_label:N", "flops_label:N", "bytes_label:N"), at.values(), strict=True)
            ),
        ]
    texts += [heading(text, x) for text, x in at.items()]
    name = f"replace({column('name')}[indexof({column('selected')}, true)], regexp('^[0-9]+ \u00d7 '), '')"
    title = part_title(alt.ExprRef(f"upper(slice({name}, 0, 1)) + slice({name}, 1) + ', box by box'"), offset=10)
    return alt.layer(boxes, *texts).properties(title=title)


def _worked(wide):
    """A box's name, parameters and FLOPs: side by side, or one below another."""
    base = (
        chart(wide, 12, height=alt.Step(20 if wide else 48))
        .transform_filter("datum.selected && datum.part != 'pattern'")
        .transform_window([NUMBERED])
        .transform_calculate(
            params_line="datum.params > 0 && indexof(datum.formula, ' ') > 0 "
            "? datum.formula + ' = ' + format(datum.params, ',') : datum.formula",
            flops_line="datum.flops > 0 ? datum.flops_formula + ' = ' + format(datum.flops, ',') + ' FLOPs' : ''",
            else_line="datum.formula == '' && datum.flops_formula == '' ? datum.shape : ''",
        )
        .transform_calculate(first="datum.params_line + datum.else_line")
        .encode(y=alt.Y("index:O", axis=None, title=None))
    )

    def words(field, x, dy=0, size=11, bold=False):
        return base.mark_text(
            align="left", dy=dy, fontSize=size, color=hue("text"), fontWeight="bold" if bold else "normal"
        ).encode(x=alt.value(x), text=field)

    if wide:
        texts = [words("name:N", 10, bold=True), words("first:N", 196), words("flops_line:N", 392)]
    else:
        texts = [words("name:N", 8, -14, bold=True), words("first:N", 8, 0, 10), words("flops_line:N", 8, 14, 10)]
    return alt.layer(*texts).properties(title=part_title("Worked out: parameters, then FLOPs a token"))

