"""Writes `catalog.json`: a skeleton read from the installed Keras, completed by the kept overlay.

    python -m kerasdeep.catalog.generate

Nothing else in the catalogue imports Keras.
"""
