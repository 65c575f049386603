"""moecalc families"""

HELP = "model types that are counted, and what people know them as"
EXAMPLE = "moecalc families"


def add_arguments(parser):
    pass


def run(args):
    from ...model.catalog import model_type_rows

    return {"families": model_type_rows()}


def show(result):
    from ..text import table

    return table(result["families"], {"model_type": "model_type", "models": "known as", "example": "example"})
