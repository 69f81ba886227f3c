"""The verbs of `catedra`, one a file."""
