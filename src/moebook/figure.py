"""An explorer as HTML: its headline, its picture for wide and for narrow screens, its controls, numbers and data table."""

from moecalc.explorers import Explorer, Result, explorer

from . import charts, controls, guess, html, marks, theme
from .svg import svg

#: More numbers than this, besides the headline, are folded.
MOST_NUMBERS = 6


def headline(chosen: Explorer, result: Result) -> str:
    """The numbers that matter most, to be shown large."""
    return _numbers(chosen, result, chosen.headlines, "metrics headline")


def numbers(chosen: Explorer, result: Result) -> str:
    """The other numbers, folded where they are many; empty where there are none."""
    keys = [key for key in chosen.metrics if key not in chosen.headlines]
    if not keys:
        return ""
    inner = _numbers(chosen, result, keys, "metrics")
    if len(keys) <= MOST_NUMBERS:
        return inner
    return f'<details class="more-numbers">\n<summary>{len(keys)} more numbers</summary>\n{inner}\n</details>'


def _numbers(chosen: Explorer, result: Result, keys: list, name: str) -> str:
    """Metrics, each with its label and its full value for programs."""
    items = [
        f'<div class="metric"><span class="metric-label">{html.text(chosen.metrics[key].label)}</span> '
        f'<output data-metric="{key}" data-value="{html.full_precision(result.metrics[key])}">'
        f"{html.text(chosen.metrics[key].text(result.metrics[key]))}</output></div>"
        for key in keys
    ]
    return f'<div class="{name}">\n' + "\n".join(items) + "\n</div>"


def picture(chosen: Explorer, result: Result, wides=(True, False), caption: str = "") -> str:
    """The chart, of which the page shows the one that fits the screen."""
    label = f"{chosen.title}. {chosen.description}"
    said = marks.said(chosen, result.rows)
    drawn = "\n".join(
        f'<div class="chart chart-{"wide" if wide else "narrow"}">'
        f"{svg(charts.draw(chosen.name, result, wide), label, said)}</div>"
        for wide in wides
    )
    below = f"\n<figcaption>{html.text(caption)}</figcaption>" if caption else ""
    return f"<figure>\n{drawn}{below}\n</figure>"


def data_table(chosen: Explorer, result: Result) -> str:
    """What the picture shows, as a table one can unfold."""
    inner = html.table(result.rows, chosen.columns)
    return f'<details class="data-table">\n<summary>Data table, {len(result.rows)} rows</summary>\n{inner}\n</details>'


#: What a reader can take away from a figure: action -> words on its button.
ACTIONS = {"reset": "Reset", "link": "Copy link", "csv": "CSV", "svg": "SVG", "python": "Copy Python"}
#: What stands behind the first of them where the figure's chart can do it.
COMPARE = (
    '<button type="button" data-action="compare" aria-pressed="false" title="Draw the default faintly with other values" '
    "disabled>Compare with the default</button>"
)


def actions(name: str, values: dict | None = None) -> str:
    """The buttons of a figure that is built with these values."""
    first, *others = (
        f'<button type="button" data-action="{action}" disabled>{words}</button>' for action, words in ACTIONS.items()
    )
    # one that is built with other values does not begin at the default
    compare = [COMPARE] if not values and charts.compares(name) is not None else []
    return " ".join([first, *compare, *others])


def static(name: str, values: dict | None = None) -> str:
    """The explorer as it stands in the built page: a state that shows by itself, and what a script needs to move it.

    Parameters
    ----------
    name : str
        The explorer [-]
    values : dict, optional
        Controls that are not at their defaults [-]

    Returns
    -------
    str
    """
    chosen = explorer(name)
    result = chosen.run(values)
    return (
        f'<section class="explorer" data-explorer="{name}" data-engine="idle" aria-busy="false" '
        f'aria-labelledby="{name}-title">\n'
        f'<p class="explorer-title" id="{name}-title">{html.text(chosen.title)}</p>\n'
        # what a control moves stands before it: a phone keeps it in sight while the controls pass below
        f'<div class="explorer-stage">\n<div class="explorer-shown">\n'
        f"{headline(chosen, result)}\n{picture(chosen, result)}\n{guess.question(chosen)}</div>\n"
        f'<div class="explorer-hands">\n{controls.form(chosen, result.controls)}\n'
        f'<p class="explorer-status" role="status" aria-live="polite"></p>\n'
        f'<p class="explorer-error" role="alert" hidden></p>\n'
        '<p class="no-js explorer-how">The controls are off, for they need JavaScript; the numbers, the picture and '
        "the table are of the values shown.</p>\n</div>\n</div>\n"
        f'<p class="explorer-caption">{html.text(chosen.description)}</p>\n'
        f"{numbers(chosen, result)}\n"
        f'<div class="explorer-more">\n{data_table(chosen, result)}\n'
        f'<div class="explorer-buttons">{actions(name, values)}</div>\n</div>\n'
        f'<p class="explorer-how">In a terminal: <code>moecalc explore {name} --set key=value</code>.</p>\n</section>'
    )


def live(name: str, result: Result) -> str:
    """What a widget shows below its controls; it brings the styles that a notebook lacks."""
    chosen = explorer(name)
    return (
        f"<style>{theme.css()}{NOTEBOOK_STYLE}</style>\n"
        f"{headline(chosen, result)}\n{picture(chosen, result, (True,), chosen.description)}\n"
        f"{numbers(chosen, result)}\n{data_table(chosen, result)}"
    )


NOTEBOOK_STYLE = """
.metrics, .explorer-error, figcaption { line-height: 1.5; }
.metrics { display: flex; flex-wrap: wrap; gap: .25rem 2rem; margin: .5rem 0; }
.metric { flex: 1 1 22rem; display: flex; justify-content: space-between; gap: 1rem; }
.metric output { flex: none; font-weight: 600; font-variant-numeric: tabular-nums; max-width: 65%; text-align: right; }
.headline .metric { flex: none; flex-direction: column-reverse; gap: 0; }
.headline .metric output { font-size: 1.2rem; max-width: none; text-align: left; }
.headline .metric:first-child output { font-size: 1.7rem; line-height: 1.1; }
.explorer-error { color: #b3261e; font-weight: 600; }
body[data-jp-theme-light="false"] .explorer-error { color: #ff8a80; }
"""
