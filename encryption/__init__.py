"""Values that are stored encrypted: keys, how a value is sealed and opened, model fields, and the change of keys.

Each value is encrypted with a data key (AES-256-GCM), and bound to its table, column and row: copied to another place
it does not open. Data keys are rows of the database, themselves sealed by a key-encryption key, which is in a file or
in a key management service and never in the database. This room knows no other one.
"""
