"""All settings. Each variable of the environment is read here, once; `.env.example` describes each."""

from pathlib import Path

from config import sign_in_pages
from config.version import current_version
from environment import installation, model_settings, tls, variables
from environment.broker import broker_url
from environment.broker_urls import parsed
from environment.broker_variables import CACHE_OPTIONS, url_from_parts
from environment.chat import chat_settings
from environment.encryption_key import encryption_keys
from environment.health_limits import health_limits
from environment.observing import log_settings, logging_config, metrics_settings
from environment.private_files import make_database_private, make_private, write_privately
from environment.push import push_settings
from environment.retention import retention
from environment.secret_key import local_secret_key
from environment.spreadsheet_limits import spreadsheet_limits
from environment.sqlite import sqlite_with_durable_writers

BASE_DIR = Path(__file__).resolve().parent.parent

ENV_FILE, ENVIRONMENT = installation.env_file(BASE_DIR), installation.environment(BASE_DIR)
env = ENVIRONMENT
COMMAND = installation.command_name(BASE_DIR)  # what messages tell a person to type
# The most hours that a setting may say: longer than any link should live, and still a date that Python can hold.
HUNDRED_YEARS = 876_000
# For how many days what grows with use is kept.
RETENTION = retention(env)

DATA_DIR = installation.data_dir(env, BASE_DIR)
# The files hold passwords, keys and uploads: no other account of this machine may read them.
write_privately()
make_private(DATA_DIR)


# -- Django ----------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or local_secret_key(DATA_DIR)
# What seals the data keys of stored secrets (`encryption/wrapping.py`): its class, and the keys of LocalKeys.
ENCRYPTION_KEY_WRAPPER = env.str("ENCRYPTION_KEY_WRAPPER", "encryption.wrapping.LocalKeys", kind=variables.CLASS)
ENCRYPTION_KEYS = encryption_keys(env, DATA_DIR)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"], kind=variables.HOST)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[], kind=variables.ORIGIN)
# The page for a form whose CSRF token is missing or too old, for example without cookies.
CSRF_FAILURE_VIEW = "portal.refusals.csrf_failure"
TRUSTED_PROXIES, BEHIND_TLS = tls.trusted_proxies(env), tls.is_behind_tls(env)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = BEHIND_TLS
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = tls.cookie_names(BEHIND_TLS)
SECURE_HSTS_SECONDS, SECURE_HSTS_INCLUDE_SUBDOMAINS = tls.hsts(env)
# HSTS is said of Interlock's own host, and of those below it unless HSTS_SUBDOMAINS is off; not to browsers' own lists.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
# A load balancer asks these from the inside, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)/?$"]
# In seconds, without use and in all: `accounts.sessions` restarts the first while a session is used, not the second.
SESSION_COOKIE_AGE, SESSION_LONGEST_SECONDS = 12 * 3600, 24 * 3600

INSTALLED_APPS = [
    "staff.apps.InterlockAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "django_fsm",
    "encryption",
    "accounts",
    *sign_in_pages.APPS,
    "events",
    "pages",
    "backlog",
    "clarifications",
    "webhooks",
    "devices",
    "workers",
    "intake",
    "reports",
    "portal",
    "api",
    "staff",
    "runtime",
    "console",
]

# The order matters: `FilesOfKnownPeople` runs before the CSRF protection, which reads the form, and the middleware of
# `accounts` after the authentication, which sets `request.user`.
MIDDLEWARE = [
    "runtime.requests.NotedRoute",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.preferences.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "intake.uploads.FilesOfKnownPeople",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.identified.Identified",
    "accounts.audit.ActingRequest",
    "accounts.sessions.SessionRenewal",
    "accounts.privacy.PrivacyMiddleware",
    "accounts.signing_in_again.TypedTextMiddleware",
    "accounts.preferences.PreferencesMiddleware",
    *sign_in_pages.MIDDLEWARE,
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "staff.navigation.navigation",
            ]
        },
    }
]

# Messages stay on the server: some show a secret once (a new key), and Django's default would put it into a cookie.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
# Uploaded files are not stored, except for pages that take files, from known senders (`FilesOfKnownPeople`).
FILE_UPLOAD_HANDLERS = ["intake.uploads.NoFiles"]
DATA_UPLOAD_MAX_NUMBER_FILES = 2
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_USE_FINDERS, WHITENOISE_MIMETYPES = True, {".svg": "image/svg+xml; charset=utf-8"}

AUTHENTICATION_BACKENDS = ["accounts.backends.LimitedBackend"]
SIGN_IN = sign_in_pages.sign_in_settings(env)
globals().update(sign_in_pages.SETTINGS)
PASSWORD_HASHERS = ["accounts.backends.SmallArgon2", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
VALIDATORS = [f"{name}Validator" for name in ("UserAttributeSimilarity", "MinimumLength", "CommonPassword")]
AUTH_PASSWORD_VALIDATORS = [{"NAME": f"django.contrib.auth.password_validation.{name}"} for name in VALIDATORS]
AUTH_PASSWORD_VALIDATORS.append({"NAME": "accounts.passwords.words.NoWordsOfThisPlace"})

# Pages load nothing from other servers and run only our own script files; uploads are never embedded in pages.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "report-uri": "/csp-reports",
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "api.authentication.KeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["api.rules.Ruled"],
    "DEFAULT_THROTTLE_CLASSES": ["api.throttling.PerAccount"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["api.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "api.problems.problem_for_error",
}
# Requests that one account may make in a minute, in all web processes together: ten a second on average.
API_REQUESTS_A_MINUTE = env.int("API_REQUESTS_A_MINUTE", default=600)
# Calls of one account that may wait for work at the same time in one web process: many workers may share an account.
API_MOST_WAITS = env.int("API_MOST_WAITS", default=100)

SPECTACULAR_SETTINGS = {
    "TITLE": "Interlock",
    "DESCRIPTION": "Open projects, follow their progress, answer questions, fetch results, and work on their items.",
    "VERSION": current_version(),
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "PREPROCESSING_HOOKS": ["api.openapi.without_slashes"],
    "ENUM_NAME_OVERRIDES": {
        "ProjectStatus": "backlog.states.ProjectStatus",
        "ItemState": "backlog.states.ItemState",
        "QuestionStatus": "clarifications.models.QuestionStatus",
        "DeadLetterState": "events.models.DeadLetter.State",
    },
}

# -- Database: the source of truth -----------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'interlock.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"] = sqlite_with_durable_writers(DATABASES["default"])
    make_database_private(Path(DATABASES["default"]["NAME"]))
else:
    # A connection is kept for up to 60 seconds, and tested when it is used again; its statements know their request.
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "ENGINE": "accounts.postgresql"}
# A pooler that does not know prepared statements (PgBouncer before 1.22) needs them off.
PREPARED_STATEMENTS = env.bool("PREPARED_STATEMENTS", default=True)

# -- Broker, streams, consumers and workers --------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", kind=variables.BROKER) or url_from_parts(env)
EMBEDDED_BROKER = not REDIS_URL
# The embedded broker listens for other programs only where a port is set, which requires a password.
EMBEDDED_BROKER_PORT = env.int("EMBEDDED_BROKER_PORT", default=0, least=0, most=65535)
EMBEDDED_BROKER_PASSWORD = env.str("EMBEDDED_BROKER_PASSWORD", default="")
EMBEDDED_BROKER_BIND = env.str("EMBEDDED_BROKER_BIND", default="127.0.0.1", kind=variables.ADDRESS)
REDIS_URL = REDIS_URL or broker_url(DATA_DIR / "valkey", password=EMBEDDED_BROKER_PASSWORD)
NAMESPACE = env.str("NAMESPACE", default="audit", kind=variables.WORD)
# Streams over which the log is spread (`events/partitions.py`): several, where several nodes of a cluster share it.
PARTITIONS = env.int("PARTITIONS", default=1, most=256)
STREAM_NAME = env.str("STREAM_NAME", default=f"{NAMESPACE}:events", kind=variables.WORD)
DLQ_STREAM = env.str("DLQ_STREAM", default=f"{NAMESPACE}:dlq", kind=variables.WORD)
SERVICE_INSTANCE = env.str("SERVICE_INSTANCE", default="1", kind=variables.WORD)

CHANNEL_URL = env.str("CHANNEL_URL", kind=variables.LIVE_BROKER) or REDIS_URL
CACHE_URL = env.str("CACHE_URL", kind=variables.BROKER) or REDIS_URL
# The channel layer tells open pages that something changed. It may lose messages: no event goes through it.
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [parsed(CHANNEL_URL).channel_host()], "prefix": f"{NAMESPACE}:live"},
    }
}
DJANGO_REDIS_CONNECTION_FACTORY = "events.broker.CacheConnections"
# The cache holds the counts of requests.
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": NAMESPACE,
        "OPTIONS": CACHE_OPTIONS,
    }
}

# Stream entries handled in one transaction: beyond 200 the gain is small and locks are held longer.
BATCH_SIZE = env.int("BATCH_SIZE", default=200)
# Deliveries of one stream entry before it becomes a dead letter.
MAX_ATTEMPTS = env.int("MAX_ATTEMPTS", default=5, least=3)
# After this time without renewal, the consumer of a pending entry counts as dead, and another one takes the entry over.
# A healthy batch takes less. Workers renew their entries four times in this time, however long their agents take.
RECLAIM_IDLE_SECONDS = env.float("RECLAIM_IDLE_SECONDS", default=10.0)
# Items of one agent that a worker process runs at the same time, each in a child process that can be killed.
AGENT_CHILDREN = env.int("AGENT_CHILDREN", default=2)
# Most megabytes that such a child process may use, libraries included, so that no huge item harms others; 0: no limit.
AGENT_MEMORY_MB = env.int("AGENT_MEMORY_MB", default=1024, least=0)
# A worker that stops waits this long for its agents; items not finished by then go to another worker.
AGENT_DRAIN_SECONDS = env.float("AGENT_DRAIN_SECONDS", default=5.0)
# Most megabytes of the earlier deliverables that an item gets, unpacked: thirty of the size of a full event (1 MB).
MOST_UNPACKED_MB = env.int("MOST_UNPACKED_MB", default=32)
# First wait before a failed stream entry is tried again; it doubles with each failure, up to a minute.
RETRY_DELAY_SECONDS = env.float("RETRY_DELAY_SECONDS", default=1.0)
# Each process publishes its own events. The relay publishes them in its place if they have been unpublished for this
# time since the relay saw them first, and the process gives no sign of life.
RELAY_GRACE_SECONDS = env.float("RELAY_GRACE_SECONDS", default=3.0)
# Dispatches not begun after this time are looked up in the broker, at this interval; lost ones are published again.
REPUBLISH_SECONDS = env.float("REPUBLISH_SECONDS", default=60.0)
# First wait before a failed work item is dispatched again; it doubles with each failure, up to an hour.
ITEM_RETRY_SECONDS = env.float("ITEM_RETRY_SECONDS", default=5.0)
# A deliverable may arrive after the event that completes its item; the item waits for it up to this time.
LATE_DELIVERABLE_SECONDS = env.float("LATE_DELIVERABLE_SECONDS", default=30.0)
# First wait before a webhook that failed is tried again; it doubles with each failure, up to an hour.
WEBHOOK_RETRY_SECONDS = env.float("WEBHOOK_RETRY_SECONDS", default=5.0)
# A webhook receiver that has failed for this time gets no more events: a day is longer than a night without staff.
WEBHOOK_GIVE_UP_SECONDS = env.float("WEBHOOK_GIVE_UP_SECONDS", default=86_400.0)
# An event that its receiver has refused this many times is skipped as soon as the receiver accepts another event.
WEBHOOK_TRIES = env.int("WEBHOOK_TRIES", default=3)
# A receiver slower than this has to pause for a while, since all receivers share the same threads.
WEBHOOK_SLOW_SECONDS = env.float("WEBHOOK_SLOW_SECONDS", default=5.0)
# Active webhooks that one owner may have.
WEBHOOK_MOST_ENDPOINTS = env.int("WEBHOOK_MOST_ENDPOINTS", default=20)
# Receivers on this machine or network that webhooks may have, as host:port (a bare host means its ports 80 and 443).
# Only owners who may change every webhook can use them; all other receivers must have a public address.
WEBHOOK_ALLOWED_HOSTS = env.list("WEBHOOK_ALLOWED_HOSTS", default=[], kind=variables.HOST)
# Producers (`source.service`) whose approvals are accepted as events; by default none is.
EVENT_APPROVERS = env.list("EVENT_APPROVERS", default=[])
# Which events of other programs are accepted without a signature: all, what a worker needs, or none.
UNSIGNED_EVENTS = env.str("UNSIGNED_EVENTS", default="accept", kind=variables.UNSIGNED)
# Seconds by which the time of a signed event may differ from that of its arrival, for clocks and for an outage of the
# producer's connection. An older one may be a copy whose event has left the ledger.
SIGNATURE_MAX_AGE = env.int("SIGNATURE_MAX_AGE", default=24 * 3600)
# Places in the code at which a process fails on purpose (`events/faults.py`); only the tests' settings name any.
FAULT_POINTS: dict[str, str] = {}

# Rows of more bytes than this are stored as an artifact, and the event carries a reference (claim check).
CLAIM_CHECK_BYTES = 256 * 1024
ARTIFACTS_DIR = DATA_DIR / "artifacts"
# Hours for which the signed address of stored rows in a dispatch is valid: longer than a dispatch waits in any queue.
ARTIFACT_LINK_HOURS = env.float("ARTIFACT_LINK_HOURS", default=24.0, most=HUNDRED_YEARS)
HEALTH = health_limits(env)

# -- Figures ---------------------------------------------------------------------------------------
# The currency of requests that name none, as a code of ISO 4217; without it a person is asked.
CURRENCY = env.str("CURRENCY", default="", kind=variables.CURRENCY)
# Which language models may be asked, and their limits (`workers/models/`); by default none.
MODELS = model_settings.model_access(env)

# -- Files that people send ------------------------------------------------------------------------
SPREADSHEET_LIMITS = spreadsheet_limits(env)
# The virus scanner; without one, files are not scanned. A scanner that does not answer in time lets no file in.
CLAMD = env.str("CLAMD", kind=variables.SCANNER)
CLAMD_SECONDS = env.float("CLAMD_SECONDS", default=20.0, least=0.1, most=600)
# Infected files and bombs are kept here for staff to look into, and deleted after some days.
QUARANTINE_DIR = Path(env.str("QUARANTINE_DIR", default=str(DATA_DIR / "quarantine"), kind=variables.FOLDER))
QUARANTINE_DAYS = env.int("QUARANTINE_DAYS", default=30, most=3650)
# What a person decided about a file is remembered so long for their next file with the same header.
REMEMBERED_READINGS_DAYS = env.int("REMEMBERED_READINGS_DAYS", default=400, most=3650)

# -- Mail ------------------------------------------------------------------------------------------
# Django's EMAIL_… settings, made from one address.
mail = env.email_url("EMAIL_URL", default="dummymail://")
globals().update(mail)
# False if there is no mail server: then no mail is written, and none is kept for later.
SENDS_MAIL = not mail["EMAIL_BACKEND"].endswith(("dummy.EmailBackend", "console.EmailBackend"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Interlock <interlock@localhost>", kind=variables.SENDER)
# Seconds to wait for the mail server; a mail that was not sent is tried again later.
EMAIL_TIMEOUT = 10
# The public address of the pages, for links in mails, which are written outside of any request.
PUBLIC_URL = env.str("PUBLIC_URL", kind=variables.PAGES)
CHAT, PUSH = chat_settings(env, public_url=PUBLIC_URL), push_settings(env, public_url=PUBLIC_URL)
# Hours for which the link in a mail can be used to answer: a weekend, not longer, since it works without signing in.
ANSWER_LINK_HOURS = env.float("ANSWER_LINK_HOURS", default=72.0, most=HUNDRED_YEARS)
# Days for which a shared link shows its report, unless who makes it chooses another number.
SHARED_LINK_DAYS = env.int("SHARED_LINK_DAYS", default=30, least=1, most=365)

# -- Logging and metrics ---------------------------------------------------------------------------
LOGS = log_settings(env)
LOGGING = logging_config(LOGS)
# Who sees the figures of the processes, and where (`runtime/exposition.py`).
METRICS = metrics_settings(env)
# The collector that gets traces (OTLP over HTTP); OpenTelemetry reads this variable and its others by itself.
TRACES_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", kind=variables.PAGES)
