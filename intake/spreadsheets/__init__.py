"""Reading spreadsheets: `outside.read_rows` turns a CSV file or a workbook into a stream of rows.

Nothing is imported here, since the child process that parses a file imports its part alone (`child.py`).
"""
