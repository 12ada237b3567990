def as_workbook(report, sources): return b""
