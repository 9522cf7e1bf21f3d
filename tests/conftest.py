"""Property tests draw the same examples everywhere and are never failed for being slow on a busy machine."""

from hypothesis import settings

settings.register_profile("relight", deadline=None, derandomize=True)
settings.load_profile("relight")
