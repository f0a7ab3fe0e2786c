"""What to change after a run that went wrong: each verdict carries the settings that mend it.

`diagnose` and the report's "What next?" show the same verdicts, causes first. `benchmarks/advice.py` measures whether
following the first of them improves the validation figure; a rule that does not belongs nowhere.
"""

from kerasdeep.advice.rules import CAUSES_FIRST, find_verdicts
from kerasdeep.advice.run_evidence import RunEvidence, read_evidence
from kerasdeep.advice.verdict import Verdict

__all__ = ["CAUSES_FIRST", "RunEvidence", "Verdict", "find_verdicts", "read_evidence"]
