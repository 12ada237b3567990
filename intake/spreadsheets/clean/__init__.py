"""The column engine: tables that are clean are read a block of lines at a time, by columns; see `table.py`."""
