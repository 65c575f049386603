"""An explorer as HTML: its numbers, its picture for wide and for narrow screens, its data table."""

from moecalc.explorers import Explorer, Result, explorer

from . import charts, controls, html, marks, theme
from .svg import svg


def numbers(chosen: Explorer, result: Result) -> str:
    """The metrics, each with its label and its full value for programs."""
    items = [
        f'<div class="metric"><span class="metric-label">{html.text(metric.label)}</span> '
        f'<output data-metric="{key}" data-value="{html.full_precision(result.metrics[key])}">'
        f"{html.text(metric.text(result.metrics[key]))}</output></div>"
        for key, metric in chosen.metrics.items()
    ]
    return '<div class="metrics">\n' + "\n".join(items) + "\n</div>"


def picture(chosen: Explorer, result: Result, wides=(True, False)) -> str:
    """The chart with its caption; the page shows the one that fits the screen."""
    label = f"{chosen.title}. {chosen.description}"
    said = marks.said(chosen, result.rows)
    drawn = "\n".join(
        f'<div class="chart chart-{"wide" if wide else "narrow"}">'
        f"{svg(charts.draw(chosen.name, result, wide), label, said)}</div>"
        for wide in wides
    )
    return f"<figure>\n{drawn}\n<figcaption>{html.text(label)}</figcaption>\n</figure>"


def data_table(chosen: Explorer, result: Result) -> str:
    """What the picture shows, as a table one can unfold."""
    inner = html.table(result.rows, chosen.columns)
    return f"<details>\n<summary>Data table, {len(result.rows)} rows</summary>\n{inner}\n</details>"


#: What a reader can take away from a figure: action -> words on its button.
ACTIONS = {"reset": "Reset", "link": "Copy link", "csv": "CSV", "svg": "SVG", "python": "Copy Python"}


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
    buttons = " ".join(
        f'<button type="button" class="btn btn-sm" data-action="{action}" disabled>{words}</button>'
        for action, words in ACTIONS.items()
    )
    return (
        f'<section class="explorer" data-explorer="{name}" data-engine="idle" aria-busy="false" '
        f'aria-labelledby="{name}-title">\n'
        f'<p class="explorer-title" id="{name}-title">{html.text(chosen.title)}</p>\n'
        f"{controls.form(chosen, result.controls)}\n"
        f'<p class="explorer-status" role="status" aria-live="polite"></p>\n'
        f'<p class="explorer-error" role="alert" hidden></p>\n'
        f"{numbers(chosen, result)}\n{picture(chosen, result)}\n{data_table(chosen, result)}\n"
        f'<div class="explorer-buttons">{buttons}</div>\n'
        '<p class="no-js explorer-how">The controls are off, for they need JavaScript; the numbers, the picture and '
        "the table are of the values shown.</p>\n"
        f'<p class="explorer-how">In a terminal: <code>moecalc explore {name} --set key=value</code>.</p>\n</section>'
    )


def live(name: str, result: Result) -> str:
    """What a widget shows below its controls; it brings the styles that a notebook lacks."""
    chosen = explorer(name)
    return (
        f"<style>{theme.css()}{NOTEBOOK_STYLE}</style>\n"
        f"{numbers(chosen, result)}\n{picture(chosen, result, wides=(True,))}\n{data_table(chosen, result)}"
    )


NOTEBOOK_STYLE = """
.metrics, .explorer-error, figcaption { line-height: 1.5; }
.metrics { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); gap: .25rem 2rem; }
.metric { display: flex; justify-content: space-between; gap: 1rem; }
.metric output { flex: none; font-weight: 600; font-variant-numeric: tabular-nums; max-width: 65%; text-align: right; }
.explorer-error { color: #b3261e; font-weight: 600; }
body[data-jp-theme-light="false"] .explorer-error { color: #ff8a80; }
"""
