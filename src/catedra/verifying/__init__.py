"""`catedra verify`: measures a class over several seeds and writes its record."""

from catedra.verifying.jobs import plan
from catedra.verifying.run import JobError, Progress, run_jobs
from catedra.verifying.state import State
from catedra.verifying.summary import MIN_SEEDS, summarize

__all__ = ["MIN_SEEDS", "JobError", "Progress", "State", "plan", "run_jobs", "summarize"]
