"""The broker's address made of the REDIS_* variables, where REDIS_URL does not give it; and how the cache uses it."""

from urllib.parse import quote

from environment.variables import MACHINE, Environment

# The time-outs, in seconds, are short, so that no page waits for a broker that hangs. Values are JSON: django-redis
# would pickle them, and whoever can write to the broker could have a process run what they like.
CACHE_OPTIONS = {
    "SOCKET_TIMEOUT": 0.5,
    "SOCKET_CONNECT_TIMEOUT": 0.5,
    "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
}


def url_from_parts(env: Environment) -> str:
    """Return the REDIS_URL made of REDIS_HOST, _PORT, _DB, _USERNAME and _PASSWORD; empty without REDIS_HOST."""
    host = env.str("REDIS_HOST", kind=MACHINE)
    if not host:
        return ""
    name, password = (quote(env.str(key, default=""), safe="") for key in ("REDIS_USERNAME", "REDIS_PASSWORD"))
    credentials = f"{name}:{password}@" if name or password else ""
    port, database = env.int("REDIS_PORT", default=6379, most=65535), env.int("REDIS_DB", default=0, least=0)
    return f"redis://{credentials}{f'[{host}]' if ':' in host else host}:{port}/{database}"
