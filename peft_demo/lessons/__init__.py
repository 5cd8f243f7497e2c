"""LESSONS: one file a lesson, checked as it is read; what its runs show is the store's."""

from peft_demo.lessons.loading import LESSONS, PROBLEMS, lesson, lesson_plan, listed, shown_lessons
from peft_demo.lessons.schema import Lesson, PlannedRuns, Step

__all__ = [
    "LESSONS",
    "PROBLEMS",
    "Lesson",
    "PlannedRuns",
    "Step",
    "lesson",
    "lesson_plan",
    "listed",
    "shown_lessons",
]
