"""The doctor: looks over settings, machine and services before or while Interlock runs, and changes nothing."""
