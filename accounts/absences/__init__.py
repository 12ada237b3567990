"""Being away: from when until when a person is, and who stands in for them meanwhile.

A stand-in gets no right. What waits for somebody who is away is shown and sent to the stand-in as well, who answers it
under their own name and by their own rights, or not at all. Nothing is handed over: once the days are over, everything
that is still open waits for its person as before. Where it is read for questions: `clarifications/standing_in.py`.
"""
