"""What the page needs of each figure besides its HTML: its definition, its single moves, its charts."""

import gzip
import json
import re
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from moecalc.explorers import ALIASES, Explorer, portable, single_moves
from moecalc.explorers import explorer as explorer_of

from .. import charts

#: Where the rows of all single moves make the file larger, the chart follows from the engine.
MAX_GZIPPED_BYTES = 40_000


def add_figures(site: Path) -> None:
    """Write ``explorers/<name>.json`` and the chart specs of every explorer that a built site shows."""
    folder = site / "explorers"
    folder.mkdir(exist_ok=True)
    # a copy of this process would have the locks of its threads, as they were
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as processes:
        list(processes.map(partial(add_figure, folder), shown(site)))


def add_figure(folder: Path, name: str) -> None:
    """Write the definition and the chart specs of one explorer into a folder."""
    explorer = explorer_of(name)
    (folder / f"{explorer.name}.json").write_bytes(definition(explorer))
    for controls in charts.variants(explorer.name):
        for width, wide in (("wide", True), ("narrow", False)):
            file = f"{explorer.name}.{width}{charts.variant_key(explorer.name, controls)}.vg.json"
            (folder / file).write_bytes(compact(charts.vega(explorer.name, wide, controls)))


def shown(site: Path) -> list:
    """Names of the explorers that the pages of a site show."""
    pages = (page.read_text(encoding="utf-8") for page in site.rglob("*.html"))
    return sorted({name for page in pages for name in re.findall(r'<section[^>]* data-explorer="([\w-]+)"', page)})


def definition(explorer: Explorer) -> bytes:
    """An explorer as JSON: controls, metrics, columns, and what it shows for every single move.

    Parameters
    ----------
    explorer : Explorer
        The figure [-]

    Returns
    -------
    bytes
        With the rows of the moves, unless that makes it larger than :data:`MAX_GZIPPED_BYTES`; a move that shows the
        rows of the defaults says ``same_rows`` instead. Metrics are those that differ from the defaults'. Where it is too
        large without rows too, the engine answers the moves of the control that has most of them.
    """
    moves, defaults = single_moves(explorer), explorer.run()
    defaults = portable({"metrics": defaults.metrics, "rows": defaults.rows})
    results = [result for values in moves.values() for result in values.values()]
    for result in results:
        if "metrics" in result:
            of_defaults = defaults["metrics"]
            result["metrics"] = {key: value for key, value in result["metrics"].items() if value != of_defaults[key]}
        if result.get("rows") == defaults["rows"]:
            del result["rows"]
            result["same_rows"] = True
    told = {
        "name": explorer.name,
        "aliases": [before for before, now in ALIASES.items() if now == explorer.name],
        "title": explorer.title,
        "controls": [control.describe() for control in explorer.controls],
        "metrics": {key: metric._asdict() for key, metric in explorer.metrics.items()},
        "columns": {key: metric._asdict() for key, metric in explorer.columns.items()},
        "says": list(explorer.says),
        "picks": explorer.picks,
        "compares": charts.compares(explorer.name),
        "variants": list(charts.variant_controls(explorer.name)),
        "defaults": defaults,
        "has_rows": True,
        "moves": moves,
    }
    whole = compact(told)
    if len(gzip.compress(whole)) <= MAX_GZIPPED_BYTES:
        return whole
    for result in results:
        result.pop("rows", None)
    told["has_rows"] = False
    if len(gzip.compress(compact(told))) > MAX_GZIPPED_BYTES:
        del moves[max(moves, key=lambda key: len(moves[key]))]
    return compact(told)


def compact(value) -> bytes:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
