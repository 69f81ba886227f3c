"""Property tests here have no deadline for one example: on a busy machine the first import of a library takes seconds."""

from hypothesis import settings

settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")
