"""Sphinx extension of the report: assets that the site serves itself, repairs of the theme, provenance on every page.

Nothing on the published site may ask another host for anything, so styles, fonts
and icons come from pinned packages and are copied into the site.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

import moecalc
from moecalc.claims import counts_by_verdict

from .. import badge, theme
from . import (
    checks,
    cite,
    downloads,
    engine,
    figures,
    fonts,
    icons,
    katex,
    preview,
    reading,
    repairs,
    report,
    scripts,
    styles,
    wayfinding,
)
from .build import ROOT
from .build_date import build_date

_HERE = Path(__file__).parent
_WIDGET_STATE = "application/vnd.jupyter.widget-state+json"

#: What others show where a page is linked to.
PREVIEW = "preview.png"

NOT_FOUND = """<h1>Page not found</h1>
<p>No page of this report has this address. The report begins <a href="{front_door}">here</a>.</p>
"""


def setup(app):
    katex.use_real_node()
    reading.set_up(app)
    repairs_used = set()

    def page_context(app, pagename, templatename, context, doctree):
        context["moecalc_version"] = moecalc.__version__
        context["build_date"] = build_date()
        context.update(wayfinding.neighbours(app, pagename))
        context["metatags"] = context.get("metatags", "") + fonts.preload(context)
        if doctree is not None:
            context["report_url"] = report.address(app, pagename)
            site = app.config.ogp_site_url
            title = app.env.titles[pagename].astext()
            context["bibtex"] = cite.bibtex(pagename, title, f"{site.rstrip('/')}/{pagename}.html" if site else "")
            app.add_js_file(scripts.PAGE, type="module")
        if "data-explorer=" in context.get("body", ""):
            app.add_js_file(scripts.MAIN, type="module")
        if 'class="guess"' in context.get("body", ""):
            # the answer is covered before anything else is loaded
            app.add_js_file(scripts.GUESS, type="module", priority=100)
        repairs_used.update(repairs.drop_scripts_and_styles(context))
        drop_widget_state(context)

    def finish(app, exception):
        if exception is None and app.builder.format == "html":
            site = Path(app.outdir)
            repairs_used.update(repairs.repair_pages(site))
            repairs.all_were_needed(repairs_used)
            figures.add_figures(site)
            engine.add_engine(ROOT, site)
            (site / badge.FILE).write_text(badge.badge(counts_by_verdict()), encoding="utf-8")
            downloads.archive_site(site)

    app.connect("config-inited", configure)
    app.connect("builder-inited", add_assets)
    # before the theme fills its download menu, and after everybody has added scripts
    app.connect("html-page-context", offer_notebook, priority=100)
    app.connect("html-page-context", page_context, priority=900)
    app.connect("html-collect-pages", checks.collect)
    app.connect("build-finished", finish)
    # pages are written by one process, which so sees what every page needed
    return {"version": moecalc.__version__, "parallel_read_safe": True, "parallel_write_safe": False}


def configure(app, config):
    """Templates of our own, and a folder for files that are made during the build."""
    config.templates_path.append(str(_HERE / "templates"))
    # where the site will live: previews name whole addresses, and the 404 page is served from any
    config.ogp_site_url = os.environ.get("SITE_URL", "")
    config.ogp_image = f"_static/{PREVIEW}"
    prefix = urlsplit(config.ogp_site_url).path or "/"
    config.notfound_urls_prefix = prefix
    config.notfound_context = {"title": "Page not found", "body": NOT_FOUND.format(front_door=f"{prefix}index.html")}
    # an index of terms, of which there are none
    config.html_use_index = False
    config.katex_css_path = "katex/katex.min.css"
    made = Path(app.doctreedir) / "static"
    made.mkdir(parents=True, exist_ok=True)
    config.html_static_path.append(str(made))


def add_assets(app):
    made = Path(app.config.html_static_path[-1])
    packages = Path(app.srcdir) / "node_modules"
    katex.copy_styles(packages, made / "katex")
    (made / "charts.css").write_text(theme.css(), encoding="utf-8")
    (made / "icons.css").write_text(icons.css(packages), encoding="utf-8")
    (made / "fonts.css").write_text(fonts.copy_fonts(packages, made), encoding="utf-8")
    (made / "site.css").write_text(styles.css(ROOT / "book" / "styles"), encoding="utf-8")
    scripts.build_scripts(ROOT, made)
    (made / PREVIEW).write_bytes(preview.png())
    for name in ("fonts.css", "icons.css", "charts.css", "site.css"):
        app.add_css_file(name)


def offer_notebook(app, pagename, templatename, context, doctree):
    downloads.offer_notebook(app, pagename, context)


def drop_widget_state(context):
    """Leave out what a page would need to bring its widgets to life: it shows the static figures."""
    if "script_files" in context:
        context["script_files"] = [
            script for script in context["script_files"] if getattr(script, "attributes", {}).get("type") != _WIDGET_STATE
        ]
