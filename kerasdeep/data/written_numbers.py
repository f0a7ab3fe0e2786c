"""Numbers as people write them: `1,234.50`, `1.234,56`, `12.3 %`, `$1,200`, `(15)`."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

STYLES = ("plain", "point", "comma")
"""`plain` is what Python reads; the others name the decimal sign, and may have currency, percent and grouped digits."""
TRUTHS = {**dict.fromkeys(("true", "yes", "y", "t", "on", "1", "1.0"), 1.0)} | dict.fromkeys(
    ("false", "no", "n", "f", "off", "0", "0.0"), 0.0
)
"""Of the style `words`, which is not inferred."""

_DECORATION = r"[\s\u00a0\u202f'’%€$£¥₹]|\b(?i:EUR|USD|GBP|CHF|JPY)\b"
_PATTERNS = {
    "point": re.compile(r"[-+]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?"),
    "comma": re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d+)?(,\d*)?"),
}


def parse_numbers(texts: pd.Series, style: str) -> pd.Series:
    """Each text as float64, NaN where it is no number in that style, one of `STYLES` or `words`."""
    if style == "words":
        return texts.map(lambda text: TRUTHS.get(str(text).lower(), np.nan)).astype(np.float64)
    plain = pd.to_numeric(texts, errors="coerce").astype(np.float64)
    if style == "plain":
        return plain
    bare = texts.astype(str).str.replace(r"^\((.*)\)$", r"-\1", regex=True).str.replace("−", "-")
    bare = bare.str.replace(_DECORATION, "", regex=True)
    bare = bare.where(bare.str.fullmatch(_PATTERNS[style].pattern) & bare.str.contains(r"\d"), "")
    dotted = bare.str.replace(",", "") if style == "point" else bare.str.replace(".", "").str.replace(",", ".")
    numbers = pd.to_numeric(dotted, errors="coerce").astype(np.float64)
    return numbers.fillna(plain) if style == "point" else numbers


def find_style(counts: pd.Series) -> tuple[str, pd.Series]:
    """The style that reads most of the texts, and how often each text occurs that it does not read.

    `counts` says how often each text occurs; of styles that read equally many, the first stands.
    """
    texts = counts.index.to_series()
    strays = {style: counts[parse_numbers(texts, style).isna().to_numpy()] for style in STYLES}
    style = min(STYLES, key=lambda style: strays[style].sum()) if len(strays["plain"]) else "plain"
    return style, strays[style]
