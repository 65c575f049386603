"""The report's display layer: charts, figures, widgets, tables and the site around them.

Everything here stands above :mod:`moecalc`, which knows nothing of it.
"""

import sys

# jsonschema, which altair imports, would compile a grammar of addresses with this module: seconds, and no chart holds one
sys.modules.setdefault("rfc3987_syntax", None)


def show(name: str, **controls):
    """The explorer `name`: a live widget in JupyterLab, a static figure in the built page.

    Parameters
    ----------
    name : str
        An explorer, see ``moecalc explore --list`` [-]
    **controls
        Values to start from, instead of the defaults [-]

    Returns
    -------
    ExplorerWidget
    """
    from .widgets import ExplorerWidget

    return ExplorerWidget(name, controls)
