"""The report's own styles: a file for each subject in ``book/styles``, served as one."""

from pathlib import Path

#: What replaces rules of the others and so comes after them.
LAST = "print.css"


def css(folder: Path) -> str:
    """All stylesheets of a folder as one, in the order of their names, those for paper last."""
    files = sorted(folder.glob("*.css"), key=lambda file: (file.name == LAST, file.name))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
