"""A figure's question, which the page asks before it shows the answer.

It stands in a template, which a browser shows to nobody: without scripts, and in print, the figure is as it always was.
"""

from . import controls, html

#: Stops of the slider; any number between can be typed.
STOPS = 100


def question(explorer) -> str:
    """What covers a figure until the reader has guessed or asks for the answer; empty where nothing is asked.

    Parameters
    ----------
    explorer : moecalc.explorers.Explorer
        The figure [-]

    Returns
    -------
    str
    """
    asked = explorer.guess
    if asked is None:
        return ""
    ident = f"{explorer.name}-guess"
    unit = f' <span class="unit">[{html.text(asked.unit)}]</span>' if asked.unit else ""
    data = {"of": asked.metric, "formula": asked.formula, "unit": asked.unit, "scale": asked.scale}
    data |= {"low": asked.low, "high": asked.high, "per": asked.per}
    told = " ".join(f'data-{key}="{html.text(value)}"' for key, value in data.items())
    return (
        f'<template><div class="guess" role="group" aria-labelledby="{ident}-question" {told}>\n'
        f'<p class="guess-question" id="{ident}-question">{html.text(asked.question)}</p>\n<form novalidate>\n'
        f'<div class="control control-number"><label for="{ident}">Your guess{unit}</label>'
        f'<input type="text" inputmode="decimal" autocomplete="off" id="{ident}" aria-describedby="{ident}-range">'
        f'<span class="range-note" id="{ident}-range">{controls.plain(asked.low)} to {controls.plain(asked.high)}</span>'
        f'<input type="range" min="0" max="{STOPS}" step="1" aria-label="Your guess, slider">'
        f'<span class="control-error" id="{ident}-error" role="alert" hidden></span></div>\n'
        '<p class="guess-buttons"><button type="submit">Compare with the answer</button> '
        '<button type="button" data-show="this">Show the answer</button> '
        '<button type="button" data-show="all">Show all answers</button></p>\n'
        "</form>\n</div></template>\n"
    )
