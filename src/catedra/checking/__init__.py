"""What passing means: answers, expectations, checks, criteria, claims, verdicts. Pure: no process, no web, no framework."""

from catedra.checking import expect
from catedra.checking.answer import Answer, AnswerError, AnswerTimeout, Handle, LiveAnswer, NotAttempted, StudentError
from catedra.checking.curves import Curves
from catedra.checking.declare import Check, Claim, Criterion, Measurement, Threshold, check, claim, criterion, measurement
from catedra.checking.metrics import accuracy, confusion_matrix, mean_absolute_error, roc_auc
from catedra.checking.outcome import Evidence, Outcome
from catedra.checking.plain import plain
from catedra.checking.run import run_check, run_criterion, run_measurement
from catedra.checking.scale import Scale, ScaleName
from catedra.checking.statistics import Interval, mean_interval, tolerance_factor, wilson
from catedra.checking.verdict import CheckResult, CriterionResult, Verdict

__all__ = [
    "Answer", "AnswerError", "AnswerTimeout", "Check", "CheckResult", "Claim", "Criterion", "CriterionResult", "Curves",
    "Evidence", "Handle", "Interval", "LiveAnswer", "Measurement", "NotAttempted", "Outcome", "Scale", "ScaleName",
    "StudentError", "Threshold", "Verdict", "accuracy", "check", "claim", "confusion_matrix", "criterion", "expect",
    "mean_absolute_error", "mean_interval", "measurement", "plain", "roc_auc", "run_check", "run_criterion",
    "run_measurement", "tolerance_factor", "wilson",
]  # fmt: skip
