"""What a GPU makes of kerasdeep, in one command: `python -m benchmarks.gpu` (see `__main__.py`)."""
