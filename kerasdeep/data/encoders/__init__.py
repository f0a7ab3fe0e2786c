"""One encoder for each kind of table column: raw values in, the numbers a network sees out.

A new kind is a file in this folder and an entry in `ENCODERS`; inference, fitting, encoding, saving, the profile,
reports and exports ask the encoder.
"""

from __future__ import annotations

from kerasdeep.data.encoders.base import Encoder
from kerasdeep.data.encoders.boolean import BooleanEncoder
from kerasdeep.data.encoders.category import CategoryEncoder
from kerasdeep.data.encoders.date import DateEncoder
from kerasdeep.data.encoders.list import ListEncoder
from kerasdeep.data.encoders.number import NumberEncoder
from kerasdeep.data.encoders.picture import PictureEncoder
from kerasdeep.data.encoders.text import TextEncoder
from kerasdeep.data.encoders.tokens import TokensEncoder

ENCODERS: dict[str, type[Encoder]] = {
    "boolean": BooleanEncoder,
    "number": NumberEncoder,
    "date": DateEncoder,
    "picture": PictureEncoder,
    "list": ListEncoder,
    "text": TextEncoder,
    "tokens": TokensEncoder,
    "category": CategoryEncoder,
}
"""By the column's kind, or by what a text is encoded as. A column belongs to the first kind that recognizes it."""
