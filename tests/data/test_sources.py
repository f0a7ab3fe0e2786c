"""What `validate` says of paths and CSV headers, at their lines, without NumPy."""

import json
import subprocess
import sys

import pytest

from kerasdeep.config import load_config
from kerasdeep.data import sources

FILE = """data:
  source: {source}
  target: {target}
  features: {features}
  validation: {validation}
network: [Dense: 4, Output]
"""
ROWS = "height,width,kind\n1,2,a\n2,3,b\n"


@pytest.fixture
def found(tmp_path):
    (tmp_path / "table.csv").write_text(ROWS)
    (tmp_path / "more.csv").write_text(ROWS)
    (tmp_path / "odd.csv").write_text("height,width\n1,2\n")
    (tmp_path / "binary.csv").write_bytes(b"\x00\x01\x02")
    (tmp_path / "pictures").mkdir()

    def found(source="table.csv", target="kind", features="null", validation="0.2"):
        path = tmp_path / "small.yaml"
        path.write_text(FILE.format(source=source, target=target, features=features, validation=validation))
        return sources.check_sources(load_config(path).config.data)

    return found


@pytest.mark.parametrize("source", ["table.csv", "pictures", "iris"])
def test_a_right_file_has_no_problems(found, source):
    target = "kind" if source == "table.csv" else "null"
    assert found(source, target) == []
    assert found(source, target, validation="null") == []


@pytest.mark.parametrize(
    ("written", "line", "name", "suggestion"),
    [
        ({"source": "tabel.csv"}, 2, "missing-file", "table.csv"),
        ({"source": "fashion_mnits", "target": "null"}, 2, "missing-file", "fashion_mnist"),
        ({"target": "kinds"}, 3, "missing-column", "kind"),
        ({"target": "[kind, heigth]"}, 3, "missing-column", "height"),
        ({"features": "[height, widht]"}, 4, "missing-column", "width"),
        ({"validation": "mor.csv"}, 5, "missing-file", "more.csv"),
        ({"validation": "odd.csv"}, 5, "missing-column", None),
        ({"source": "binary.csv"}, 2, "not-a-table", None),
        ({"source": "x" * 5000 + ".csv"}, 2, "missing-file", None),
    ],
)
def test_what_is_wrong_is_said_at_its_line(found, written, line, name, suggestion):
    (problem,) = found(**written)
    assert (problem.name, problem.location.line) == (name, line)
    assert suggestion is None or problem.suggestion.endswith(suggestion)


def test_every_problem_is_found_at_once(found):
    problems = found(target="kinds", features="[heigth, widht]", validation="mor.csv")
    assert [problem.location.line for problem in problems] == [3, 4, 4, 5]


def test_a_large_file_is_read_at_its_beginning_only(found, tmp_path):
    rows = "".join(f"{number},2,a\n" for number in range(30_000))
    (tmp_path / "table.csv").write_bytes(ROWS.encode() + rows.encode() + "é,1,a\n".encode("latin-1"))
    assert found() == []


def test_validate_says_it_and_imports_no_numpy(found, tmp_path):
    found(target="kinds")
    code = (
        "import sys; from kerasdeep.cli import main; sys.argv = ['kerasdeep', 'validate', '--json', sys.argv[1]];"
        "import atexit; heavy = ('numpy', 'pandas', 'keras');"
        "atexit.register(lambda: print([name for name in heavy if name in sys.modules]));"
        "main()"
    )
    answer = subprocess.run([sys.executable, "-c", code, tmp_path / "small.yaml"], capture_output=True, text=True)
    said, imported = answer.stdout.splitlines()
    (problem,) = json.loads(said)["problems"]
    assert (answer.returncode, problem["line"], problem["suggestion"], imported) == (2, 3, "kind", "[]")
