from kerasdeep.catalog.generate.writer import catalog_text
from kerasdeep.catalog.registry import CATALOG_FILE

CATALOG_FILE.write_text(catalog_text(), encoding="utf-8")
