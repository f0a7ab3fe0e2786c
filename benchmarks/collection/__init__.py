"""The collection measured: every recipe's comparison on the real data, and the pages that are made of the figures.

python -m benchmarks.collection measure [NAME ...] --out DIR    # hours; goes on where it stopped
python -m benchmarks.collection page                            # the pages, and the recipes' heads
"""
