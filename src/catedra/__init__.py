"""Cátedra: a deep-learning course that proves itself. Importing it imports no framework."""

__version__ = "0.1.0"
