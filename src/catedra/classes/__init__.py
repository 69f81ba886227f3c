"""The classes, one folder each. The loader finds them by scanning this package."""
