"""What a process tells about itself: figures, log lines and traces. It knows no other room; all may count with it."""
