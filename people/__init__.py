"""Accounts of people and machines, as administrators and directories keep them: make, change, let in, deactivate.

It stands above the rooms in which a person can hold something. Pages, commands and the directory (SCIM) call it, so
that its rules hold at each of these doors: nobody acts on an account above their own or of another organisation.
"""
