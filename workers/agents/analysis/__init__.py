"""The figures of the analyses. Each module has the facts, which an engine can fill, apart from their presentation.

A module's dataclass holds what was counted in the rows, in whole rows and whole milliseconds, so that no order of the
rows changes a sum. A function fills it in one pass over the rows. Another function makes the deliverable's part of it,
and leaves out every figure that the rows do not tell enough for.
"""
