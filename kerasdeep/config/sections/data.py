"""`data:` what the network learns from, how it is split and how it is scaled."""

from dataclasses import dataclass
from pathlib import PurePath

from kerasdeep.catalog import Choice
from kerasdeep.config.schema import MapOf, Section, setting
from kerasdeep.errors import SourceLocation

BUILT_IN_DATASETS = (
    *("digits", "breast_cancer", "wine", "iris", "diabetes", "friedman1", "two_moons"),
    *("mnist", "fashion_mnist", "cifar10", "cifar100", "california_housing"),
)
BUILT_IN_IMAGE_DATASETS = ("digits", "mnist", "fashion_mnist", "cifar10", "cifar100")
"""The built-in sets of pictures; the others are tables."""


@dataclass(frozen=True, slots=True)
class SourceFormat:
    """A format of `data.source`: what it holds (table or image; None depends on the source), its suffixes, and
    whether it may be compressed as well."""

    kind: str | None = None
    suffixes: tuple[str, ...] = ()
    compressible: bool = False


FORMATS: dict[str, SourceFormat] = {
    "builtin": SourceFormat(),
    "csv": SourceFormat("table", (".csv", ".tsv", ".txt", ".data"), compressible=True),
    "jsonl": SourceFormat("table", (".jsonl", ".ndjson"), compressible=True),
    "excel": SourceFormat("table", (".xlsx", ".xlsm")),
    "parquet": SourceFormat("table", (".parquet", ".pq")),
    "feather": SourceFormat("table", (".feather", ".arrow", ".ipc")),
    "npz": SourceFormat(suffixes=(".npz",)),
    "npy": SourceFormat(),
    "images": SourceFormat("image"),
    "image_list": SourceFormat("image"),
}
"""Each has a reader in `kerasdeep.data.readers`."""
FORMAT_BY_SUFFIX = {suffix: name for name, format in FORMATS.items() for suffix in format.suffixes}
COMPRESSION_SUFFIXES = (".gz", ".bz2", ".xz", ".zip")
HUGGING_FACE = "hf://"
"""How a source begins that lies on the Hugging Face Hub."""
IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".avif", ".heic", ".heif"}
)
"""Of the picture files in a folder."""
ROW_ROLES = ("group", "time", "weight")
"""The settings that name a column which says something of its row."""


def format_of_name(name: str) -> str | None:
    """The format that a name's suffixes say: `.csv`, `.csv.gz`; None for an unknown one."""
    path = PurePath(name)
    compressed = path.suffix.lower() in COMPRESSION_SUFFIXES
    format = FORMAT_BY_SUFFIX.get((path.with_suffix("") if compressed else path).suffix.lower())
    return None if compressed and format and not FORMATS[format].compressible else format


COLUMN_KINDS = ("number", "category", "boolean", "date", "text", "list")
"""Each has an encoder in `kerasdeep.data.encoders`."""
TEXT_AS_TOKENS = "tokens"
OWN_INPUT_KINDS = (TEXT_AS_TOKENS, "picture")
"""These have encoders too, and are an input of their own of the network."""
KIND_TYPE = "|".join(repr(kind) for kind in ("auto", *COLUMN_KINDS, "picture", "ignore"))


@dataclass(frozen=True, kw_only=True)
class SplitConfig(Section):
    """How a part is held out: exactly one of the six; a share, a count or a fold also `by` what."""

    SHORTHAND = (("int", "count"), ("float", "fraction"), ("str", "path"))
    ONE_OF = True
    BESIDE = frozenset({"by"})

    fraction: float | None = setting(
        "float|null", None, "Share of the rows, stratified by class.", minimum=0.0, maximum=0.9
    )
    count: int | None = setting("int|null", None, "Number of rows, stratified by class.", minimum=1)
    first: int | None = setting("int|null", None, "The first N rows, in the order of the source.", minimum=1)
    last: int | None = setting("int|null", None, "The last N rows, in the order of the source.", minimum=1)
    path: str | None = setting("str|null", None, "A separate file or folder.")
    fold: list[int] | None = setting(
        "list[int;2]|null",
        None,
        "The k-th of n parts, `[k, n]`: stratified by class, whole groups, or by time, where only earlier rows are "
        "left to train on; `compare --folds n` sets it.",
        minimum=1,
    )
    by: str = setting(
        "'auto'|'random'|'group'|'time'",
        "auto",
        "A share, a count or a fold of what: rows at random, whole groups of `data.group`, or the latest rows by "
        "`data.time`; auto is group where there is one, else time where there is one, else random. With `data.window` "
        "it is time.",
    )

    def size(self, row_count: int) -> int:
        """How many of so many rows are held out."""
        number = self.first or self.last or self.count or (row_count // self.fold[1] if self.fold else None)
        return number or max(1, round((self.fraction or 0.0) * row_count))


@dataclass(frozen=True, kw_only=True)
class ImageConfig(Section):
    """How pictures become arrays of one shape."""

    size: list[int] | None = setting(
        "list[int;2]|null", None, "Height and width in pixels; null takes the commonest, at most 224.", minimum=1
    )
    channels: str | int = setting(
        "'auto'|int", "auto", "1 for grey, 3 for colour; auto is 1 where every picture is grey.", minimum=1, maximum=3
    )
    resize: str = setting("'stretch'|'crop'|'pad'", "stretch", "What happens to a picture of another aspect ratio.")


@dataclass(frozen=True, kw_only=True)
class ColumnConfig(Section):
    """What a column is, and how it is encoded."""

    SHORTHAND = ((KIND_TYPE, "kind"),)

    kind: str = setting(
        KIND_TYPE,
        "auto",
        "What the column holds, where the kind that is inferred is wrong; ignore leaves it out. picture: paths of "
        "pictures, relative to the table, which are an input of their own of the network: by default small "
        "convolutions and their mean; `image` states their size.",
    )
    as_: str = setting(
        "'auto'|'bag'|'tokens'",
        "auto",
        "How text is encoded. auto is bag: TF-IDF of words and of letters in a row, cut to its strongest directions. "
        "tokens: the numbers of its words, in their order, which are an input of their own of the network: by default "
        "an Embedding and the mean of its words.",
    )
    words: int = setting(
        "int",
        10_000,
        "Tokens: the numbers are smaller than this. 0 fills short texts up, 1 is any unknown word, the commonest words "
        "that two training texts have follow.",
        minimum=3,
    )
    length: int | None = setting(
        "int|null",
        None,
        "Tokens: how many words of a text count; null takes the number that 95 % of the training texts do not exceed, "
        "at most 512.",
        minimum=1,
    )

    @property
    def encoded_as(self) -> str:
        """The kind whose encoder is taken; auto where it is inferred."""
        return TEXT_AS_TOKENS if self.as_ == "tokens" else "text" if self.as_ == "bag" else self.kind

    @property
    def has_own_input(self) -> bool:
        """Whether the column is an input of its own, as far as the file tells."""
        return self.encoded_as in OWN_INPUT_KINDS


@dataclass(frozen=True, kw_only=True)
class WindowConfig(Section):
    """Rows in the order of `data.time` as sequences, each followed by the values to forecast."""

    length: int = setting("int", doc="How many rows in a row the network sees.", minimum=1, maximum=65536)
    horizon: int = setting(
        "int", 1, "How many values of each target follow, which it forecasts.", minimum=1, maximum=65536
    )
    stride: int = setting("int", 1, "How many rows one window begins after the one before it.", minimum=1)
    season: int | str | None = setting(
        "'auto'|int|null",
        "auto",
        "After how many rows the target comes round, for the opponent `as a season ago`; auto finds it.",
        minimum=2,
        affects="nothing",
    )

    @property
    def task(self) -> dict[str, dict[str, list[float]]]:
        """The task of a target whose next values are forecast."""
        return {"forecast": {"steps": [float(step) for step in range(1, self.horizon + 1)]}}


@dataclass(frozen=True, kw_only=True)
class DataConfig(Section):
    """Where the rows come from, which are held out, and what is done to them before the network sees them."""

    source: str = setting(
        "str", doc=f"A built-in data set ({', '.join(BUILT_IN_DATASETS)}) or the path of a file or folder."
    )
    format: str = setting(
        "|".join(f"'{name}'" for name in ("auto", *FORMATS)),
        "auto",
        "What the source is; auto goes by its name, and for a folder by what is in it.",
    )
    separator: str = setting("str", "auto", "What separates the columns of a CSV file; auto finds it.")
    encoding: str = setting("str", "auto", "The text encoding of a CSV file; auto finds it.")
    header: str = setting(
        "'auto'|'first'|'none'",
        "auto",
        "Whether the first line of a CSV or Excel file names the columns; without names they are column_1, column_2, … "
        "auto looks whether it could be a row like the others.",
    )
    target: list[str] | None = setting(
        "list[str]|str|null", None, "The column or columns to predict; built-in sets, .npz and folders know theirs."
    )
    features: list[str] | None = setting(
        "list[str]|str|null", None, "The columns to learn from; null takes all others."
    )
    drop: list[str] = setting("list[str]", [], "Columns to leave out.")
    columns: dict[str, ColumnConfig] = setting(
        MapOf(ColumnConfig), {}, "By the column's name its kind, `zip: category`, or its settings."
    )
    classes: list[str] | None = setting(
        "list[str]|null", None, "Only these labels, renumbered in this order; null keeps all."
    )
    per_class: int | None = setting("int|null", None, "At most this many training rows of each class.", minimum=1)
    limit: int | None = setting("int|null", None, "At most this many training rows.", minimum=1)
    labelled: int | None = setting(
        "int|null", None, "This many training rows keep their label; the rest stay as unlabelled.", minimum=1
    )
    validation: SplitConfig | None = setting(
        SplitConfig, SplitConfig(fraction=0.1), "The part that training is watched on; null for none.", optional=True
    )
    test: SplitConfig | None = setting(
        SplitConfig, None, "The part that only the finished model sees; null takes the source's own, if it has one."
    )
    scaling: str = setting(
        "'auto'|'unit'|'standardize'|'minmax'|'robust'|'none'",
        "auto",
        "auto is unit (0 to 1) for pictures, standardize (mean 0, deviation 1) for tables; robust (median 0, quartiles "
        "1 apart) for heavy tails; from training rows",
    )
    target_scaling: str = setting(
        "'auto'|'standardize'|'none'",
        "auto",
        "auto standardizes numbers to be predicted; metrics and predictions are in the original unit.",
    )
    image: ImageConfig = setting(ImageConfig, doc="Size, channels and resizing of pictures.")
    augmentation: list[Choice] = setting(
        "list[layer]", [], "Keras image layers that alter training pictures at random."
    )
    class_weight: str | dict[str, float] | None = setting(
        "'balanced'|map[float]|null", None, "Weight of each class in the loss; balanced counters rarity.", minimum=0.0
    )
    cache: bool = setting(
        "bool", True, "Keep the decoded pictures of a large folder below Keras's folder.", affects="cost"
    )
    stream: str | bool = setting(
        "'auto'|bool",
        "auto",
        "Read rows while training, in chunks; auto where they take more than half of the machine's memory.",
        affects="cost",
    )
    group: str | None = setting(
        "str|null", None, "The column whose values (customers, patients) are held out whole; no feature."
    )
    time: str | None = setting(
        "str|null",
        None,
        "The column of dates or numbers that orders the rows, the latest of which are held out; no feature, unless "
        "`features` names it.",
    )
    weight: str | None = setting(
        "str|null", None, "The column that says how much each row counts, in training and in metrics; no feature."
    )
    window: WindowConfig | None = setting(
        WindowConfig,
        None,
        "Rows become sequences in the order of `time`, within each `group`; the target's next values are forecast.",
    )
    drop_unlabelled: bool = setting("bool", False, "Leave out rows without a target, rather than refuse them.")
    seed: int = setting("int", 0, "Draws the splits and cuts; `--seed` does not touch it.", minimum=0)

    def __post_init__(self) -> None:
        for key in ("target", "features"):
            if isinstance(getattr(self, key), str):
                object.__setattr__(self, key, [getattr(self, key)])
        columns = {
            name: ColumnConfig(kind=column) if isinstance(column, str) else column
            for name, column in self.columns.items()
        }
        object.__setattr__(self, "columns", columns)

    def splitter(self, split: SplitConfig) -> str | None:
        """How a part's rows are chosen, a key of `SPLITTERS`; None where they are in a file of their own."""
        if split.first or split.last:
            return "first" if split.first else "last"
        if not split.count and not split.fraction and not split.fold:
            return None
        if split.by != "auto":
            return split.by
        return "time" if self.window else "group" if self.group else "time" if self.time else "random"

    def stated_kind(self, name: str) -> str:
        """The kind whose encoder a column has; auto where it is inferred."""
        return self.columns[name].encoded_as if name in self.columns else "auto"

    @property
    def picture_column(self) -> str | None:
        """The column of paths of pictures, if one is stated."""
        return next((name for name, column in self.columns.items() if column.kind == "picture"), None)

    @property
    def ignored_columns(self) -> set[str]:
        return {name for name, column in self.columns.items() if column.kind == "ignore"}

    @property
    def text_columns(self) -> list[str]:
        """The columns that are read as text though they may look like numbers."""
        inferred = ("auto", "number", "picture", "ignore")
        return [name for name, column in self.columns.items() if column.encoded_as not in inferred]

    def location_or_key(self, key: str) -> SourceLocation:
        """Where the setting, or else this section, was written; the key itself where neither was."""
        return self.locations.get(key) or self.locations.get("") or SourceLocation(f"data.{key}")
