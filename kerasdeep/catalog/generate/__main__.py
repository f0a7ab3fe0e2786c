from kerasdeep.catalog.generate.writer import text
from kerasdeep.catalog.table import FILE

FILE.write_text(text(), encoding="utf-8")
