"""Answers from a finished run: predictions on raw inputs, their uncertainty, and how good they are."""
