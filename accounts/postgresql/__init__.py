"""Django's engine for PostgreSQL, whose statements reach no further than the request for which they are executed."""
