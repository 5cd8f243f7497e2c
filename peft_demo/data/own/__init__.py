"""People's own texts: read from their files, checked, reported on, and kept by what they hold."""

from peft_demo.data.own.asked import Asked
from peft_demo.data.own.files import (
    dataset_of,
    folder_of,
    has_texts,
    is_own,
    keep,
    let_go,
    report_of,
    require_texts,
    texts_of,
)
from peft_demo.data.own.from_hub import read as read_from_hub
from peft_demo.data.own.many import MOST_REVIEWS, Reviews, read_reviews
from peft_demo.data.own.preparing import FEWEST_TEXTS, LIMITS, Prepared, Source, prepare
from peft_demo.data.own.report import RefusedRow, Report
from peft_demo.data.own.tables import Table

__all__ = [
    "FEWEST_TEXTS",
    "LIMITS",
    "MOST_REVIEWS",
    "Asked",
    "Prepared",
    "RefusedRow",
    "Report",
    "Reviews",
    "Source",
    "Table",
    "dataset_of",
    "folder_of",
    "has_texts",
    "is_own",
    "keep",
    "let_go",
    "prepare",
    "read_from_hub",
    "read_reviews",
    "report_of",
    "require_texts",
    "texts_of",
]
