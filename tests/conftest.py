"""For all tests: what Hypothesis draws is the same in every run, so that none fails by the luck of the day.

`make fuzz` and `make soak` draw anew, by seeds that can be given.
"""

from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")
