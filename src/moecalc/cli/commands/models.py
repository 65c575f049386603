"""moecalc models"""

HELP = "models with their published figures, and counted ones where the model type is described"
EXAMPLE = "moecalc models"


def add_arguments(parser):
    pass


def run(args):
    from ...model.catalog import model_rows

    return {"models": model_rows()}


def show(result):
    from ..text import table

    columns = {
        "slug": "slug",
        "name": "name",
        "model_type": "model_type",
        "release_date": "released",
        "total_params": "total",
        "activated_params": "activated",
        "counted": "counts are",
    }
    rows = [{**row, "counted": "exact" if row["counted"] else "published"} for row in result["models"]]
    return table(rows, columns)
