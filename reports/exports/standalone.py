def as_html(report, *, for_staff): return b""
