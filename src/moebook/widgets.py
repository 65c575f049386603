"""An explorer as a live widget in JupyterLab."""

import ipywidgets

from moecalc.base.errors import InputError
from moecalc.explorers import explorer

from . import figure, html


class ExplorerWidget(ipywidgets.VBox):
    """Controls above, in the order of the page, numbers and picture below, computed anew at every move.

    Parameters
    ----------
    name : str
        An explorer [-]
    values : dict, optional
        Controls to start from [-]

    Attributes
    ----------
    controls : dict
        Control key -> its ipywidget
    result : moecalc.explorers.Result or None
        What is shown; None while the controls hold something that is not accepted
    error : str
        The sentence that is shown instead, else empty
    """

    def __init__(self, name: str, values: dict | None = None):
        self._explorer = explorer(name)
        self._start = dict(values or {})
        start = self._explorer.read(self._start)
        # one column of labels, as wide as the longest: JupyterLab cuts off what does not fit
        column = f"{max(len(_label(control)) for control in self._explorer.controls)}ch"
        self.controls = {control.key: _widget(control, start[control.key], column) for control in self._explorer.controls}
        self._output = ipywidgets.HTML()
        for control in self.controls.values():
            control.observe(self._update, names="value")
        self._update()
        super().__init__([*self._arranged(), self._output])

    def _arranged(self) -> list:
        """The controls that lead, and the further ones folded."""
        leading, further = (
            [self.controls[control.key] for control in group] for group in (self._explorer.leading, self._explorer.further)
        )
        if not further:
            return leading
        title = f"More controls ({len(further)})"
        return [*leading, ipywidgets.Accordion([ipywidgets.VBox(further)], titles=[title], selected_index=None)]

    def _update(self, _change=None):
        try:
            self.result = self._explorer.run({key: control.value for key, control in self.controls.items()})
            self.error = ""
            self._output.value = figure.live(self._explorer.name, self.result)
        except InputError as error:
            self.result, self.error = None, str(error)
            self._output.value = (
                f'<style>{figure.NOTEBOOK_STYLE}</style><p class="explorer-error" role="alert">{html.text(self.error)}</p>'
            )

    def _repr_mimebundle_(self, **how):
        """The live view for JupyterLab, and beside it the static figure that the built page shows."""
        bundle = super()._repr_mimebundle_(**how)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        data["text/html"] = figure.static(self._explorer.name, self._start)
        return bundle


def _label(control) -> str:
    """What stands before a control: its name, its unit, and what zero means where it is no number."""
    label = f"{control.label} [{control.unit}]" if control.unit else control.label
    return label + (f" (0: {control.zero})" if getattr(control, "zero", "") else "")


def _widget(control, value, column):
    """The ipywidget for a control."""
    common = {
        "description": _label(control),
        "style": {"description_width": column},
        "layout": ipywidgets.Layout(width=f"calc({column} + 20rem)", max_width="100%"),
        "value": value,
    }
    if control.kind == "select":
        return ipywidgets.Dropdown(options=[(words, option) for option, words in control.options], **common)
    if control.kind == "checkbox":
        return ipywidgets.Checkbox(**common)
    if control.kind == "textarea":
        return ipywidgets.Textarea(placeholder=control.hint, continuous_update=False, **common)
    if control.scale != "linear":
        kind = ipywidgets.IntText if control.whole else ipywidgets.FloatText
        return kind(step=control.step, **common)
    kind = ipywidgets.IntSlider if control.whole else ipywidgets.FloatSlider
    return kind(min=control.low, max=control.high, step=control.step, continuous_update=False, **common)
