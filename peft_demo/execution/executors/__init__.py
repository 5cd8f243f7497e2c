"""Executors: one file for each place where jobs are computed."""

from peft_demo.execution.executors.thread import ThreadExecutor

__all__ = ["ThreadExecutor"]
