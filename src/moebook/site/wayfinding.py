"""Short names of pages where one looks for the way. A page's title is its claim; the sidebar has room for a few words."""


def short_titles(site_map) -> dict:
    """Page -> the ``title`` that ``_toc.yml`` gives it, where it gives one."""
    return {name: site_map[name].title for name in site_map if site_map[name].title}


def neighbours(app, page: str) -> dict:
    """What the links to the previous and the next page read: the theme would take the pages' titles.

    Parameters
    ----------
    app : sphinx.application.Sphinx
        While it writes pages [-]
    page : str
        Such as ``notebooks/claims`` [-]

    Returns
    -------
    dict
        ``prev_title`` and ``next_title`` for the theme's template, each where there is such a page with a short name.
    """
    short = short_titles(app.env.external_site_map)
    _, previous, following = app.builder.relations.get(page, (None, None, None))
    return {key: short[name] for key, name in (("prev_title", previous), ("next_title", following)) if name in short}
