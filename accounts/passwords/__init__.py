"""New passwords by a link in a mail: forgotten ones, and first ones by invitation; and temporary passwords."""
