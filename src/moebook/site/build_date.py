"""The day on which the site is built."""

import datetime
import os


def build_date() -> str:
    """The day of the build; ``SOURCE_DATE_EPOCH`` makes it repeatable."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    when = datetime.datetime.fromtimestamp(int(epoch), datetime.UTC) if epoch else datetime.datetime.now(datetime.UTC)
    return when.date().isoformat()
