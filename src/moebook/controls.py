"""An explorer's controls as native HTML: labelled, with their range, for mouse, finger and keyboard.

The build writes them disabled; the page's script enables them and gives them hands.
"""

import bisect

from . import html

#: Longest text that a text area takes [characters]
MAX_TEXT = 200_000


def in_words(control, value) -> str:
    """The value of a control as a reader says it."""
    if control.kind == "select":
        return dict(control.options)[value]
    if control.kind == "checkbox":
        return "yes" if value else "no"
    if control.kind == "textarea":
        return value.strip() or "none"
    if control.zero and value == 0:
        return control.zero
    return plain(value) + f" {control.unit}" if control.unit else plain(value)


def plain(number) -> str:
    """A number as it is read: 2, not 2.0."""
    return f"{int(number) if float(number).is_integer() else number:,}"


def form(explorer, values: dict) -> str:
    """All controls of an explorer with the values that they have.

    Parameters
    ----------
    explorer : moecalc.explorers.Explorer
        The figure [-]
    values : dict
        Control key -> value [-]

    Returns
    -------
    str
    """

    def drawn(group):
        return "\n".join(_control(explorer.name, control, values[control.key]) for control in group)

    further = explorer.further
    folded = (
        f'\n<details class="more-controls">\n<summary>More controls ({len(further)})</summary>\n{drawn(further)}\n</details>'
        if further
        else ""
    )
    legend = '<legend class="visually-hidden">Controls</legend>'
    shown = f"{legend}\n{drawn(explorer.leading)}{folded}"
    return f'<form class="controls"><fieldset disabled>{shown}\n</fieldset></form>'


def _control(name: str, control, value) -> str:
    """A control with its label; `name` keeps ids apart where a page has several figures."""
    ident = f"{name}-{control.key}"
    unit = f' <span class="unit">[{html.text(control.unit)}]</span>' if control.unit else ""
    label = f'<label for="{ident}">{html.text(control.label)}{unit}</label>'
    error = f'<span class="control-error" id="{ident}-error" role="alert" hidden></span>'
    named = f'id="{ident}" data-control="{control.key}"'
    if control.kind == "checkbox":
        checked = " checked" if value else ""
        return f'<div class="control control-checkbox"><input type="checkbox" {named}{checked}> {label}{error}</div>'
    if control.kind == "select":
        options = "".join(
            f'<option value="{html.text(option)}"{" selected" if option == value else ""}>{html.text(words)}</option>'
            for option, words in control.options
        )
        return f'<div class="control">{label}<select {named}>{options}</select>{error}</div>'
    if control.kind == "textarea":
        chooser = (
            f'<input type="file" data-file-for="{control.key}" accept="{html.text(control.files)}" '
            f'aria-label="{html.text(control.label)}: choose a file">'
            if control.files
            else ""
        )
        return (
            f'<div class="control control-text">{label}'
            f'<textarea {named} rows="2" maxlength="{MAX_TEXT}" placeholder="{html.text(control.hint)}" spellcheck="false" '
            f'aria-describedby="{ident}-range">{html.text(value)}</textarea>'
            f'<span class="range-note" id="{ident}-range">{html.text(control.hint)}</span>{chooser}{error}</div>'
        )
    stops = control.stops()
    note = f"{plain(control.low)} to {plain(control.high)}" + (f"; {plain(0)} for {control.zero}" if control.zero else "")
    return (
        f'<div class="control control-number">{label}'
        f'<input type="number" {named} min="{control.low}" max="{control.high}" step="{1 if control.whole else "any"}" '
        f'value="{plain(value).replace(",", "")}" inputmode="{"numeric" if control.whole else "decimal"}" '
        f'aria-describedby="{ident}-range">'
        f'<span class="range-note" id="{ident}-range">{html.text(note)}</span>'
        f'<input type="range" data-slider-for="{control.key}" min="0" max="{len(stops) - 1}" step="1" '
        f'value="{min(bisect.bisect_left(stops, value), len(stops) - 1)}" '
        f'aria-label="{html.text(control.label)}, slider" aria-valuetext="{html.text(in_words(control, value))}">'
        f"{error}</div>"
    )
