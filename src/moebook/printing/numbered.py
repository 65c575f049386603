"""What a printed PDF tells of itself, and the smaller file that is made of it."""

from pathlib import Path


def pages_of(path: Path, slugs) -> dict:
    """The page on which each slug stands.

    Parameters
    ----------
    path : Path
        A PDF whose links name their targets
    slugs : iterable of str
        Ids to which a link of the document leads

    Returns
    -------
    dict
        Slug -> number of the page, from 1 [pages]
    """
    import pikepdf

    with pikepdf.open(path) as pdf:
        numbers = {page.objgen: number for number, page in enumerate(pdf.pages, 1)}
        return {slug: numbers[pdf.Root.Dests[f"/{slug}"][0].objgen] for slug in slugs}


def compact(path: Path, title: str, author: str) -> int:
    """Write a PDF anew, its thousands of small objects together, and say whose it is.

    Chromium writes each element of the tagged structure, which a screen reader needs, as an object by itself: together
    they take two fifths of the room.

    Parameters
    ----------
    path : Path
        The file, which is replaced
    title, author : str
        What a reader's program shows

    Returns
    -------
    int
        Pages of the file [pages]
    """
    import pikepdf

    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.docinfo["/Title"], pdf.docinfo["/Author"] = title, author
        pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate, recompress_flate=True)
        return len(pdf.pages)
