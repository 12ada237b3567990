"""What a person may ask for: everything that is stored about them, and that it is erased.

It stands above the rooms whose tables hold names and texts of people. `places.py` is the list of these.
"""
