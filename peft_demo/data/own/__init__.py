"""People's own texts: read from their files, checked, reported on, and kept by what they hold."""

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
from peft_demo.data.own.preparing import Prepared, Source, prepare
from peft_demo.data.own.report import RefusedRow, Report

__all__ = [
    "Prepared",
    "RefusedRow",
    "Report",
    "Source",
    "dataset_of",
    "folder_of",
    "has_texts",
    "is_own",
    "keep",
    "let_go",
    "prepare",
    "report_of",
    "require_texts",
    "texts_of",
]
