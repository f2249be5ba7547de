"""All settings, from the environment only. `.env.example` lists them."""

from pathlib import Path

from celery.schedules import crontab

from config import env, peers
from config.operations.observe import logs

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.flag("DEBUG")
SECRET_KEY = env.text("SECRET_KEY")
# Keys until now: what was signed or encrypted under them is still read.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "config.admin.TianhuiAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "config.operations",
    "ledger",
    "trading",
]

MIDDLEWARE = [
    "config.operations.observe.middleware.Observed",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "ledger.web.security.seen.SessionsSeen",
    "config.frozen.FrozenPages",
    "config.middleware.DomainErrors",
    "ledger.web.rates.PageRates",
    # The last one: what others have refused is read from nowhere.
    "config.operations.replica.middleware.ReplicaReads",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["ledger.templatetags.addresses"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ledger.web.context.workspace",
                "ledger.web.security.context.safety",
            ],
        },
    }
]

# Fields of forms are laid out by config/templates/django/forms.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Who changes the schema is its owner; everything else works as a role that may do less (docs/database.md).
_AS_OWNER = env.flag("DATABASE_AS_OWNER") and env.text("MIGRATIONS_DATABASE_URL", "") != ""
_DATABASE = env.postgres("MIGRATIONS_DATABASE_URL" if _AS_OWNER else "DATABASE_URL")
# A server that is gone, or cut off, is given up within seconds, and gives us up as soon; what the address itself says goes first.
_PATIENCE = peers.POSTGRESQL | {"connect_timeout": env.integer("DATABASE_CONNECT_SECONDS", peers.CONNECT_SECONDS)}
_DATABASE["OPTIONS"] = _PATIENCE | _DATABASE["OPTIONS"]
DATABASES = {"default": _DATABASE | {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}}
# Where what is public is read from (config/operations/replica), and by how much its data may be older than the primary's.
REPLICA_LAG_SECONDS = env.integer("REPLICA_LAG_SECONDS", 10)
if env.text("REPLICA_URL", ""):
    _REPLICA = env.postgres("REPLICA_URL")
    _REPLICA["OPTIONS"] = _PATIENCE | {"target_session_attrs": "standby", "connect_timeout": 2} | _REPLICA["OPTIONS"]
    # A standby takes no writes anyway; what has become a primary is to take none from here.
    _REPLICA["OPTIONS"]["options"] = " ".join(
        [_REPLICA["OPTIONS"].get("options", ""), "-c default_transaction_read_only=on"]
    ).strip()
    DATABASES["replica"] = _REPLICA | {
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"MIRROR": "default"},
    }
    DATABASE_ROUTERS = ["config.operations.replica.router.ReplicaRouter"]
if env.flag("DATABASE_PREPARES", default=True):
    # What a connection asks again is parsed and planned once, which is half of what an order costs PostgreSQL.
    for _each in DATABASES.values():
        _each["OPTIONS"] |= {"server_side_binding": True, "prepare_threshold": 2}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

AUTH_USER_MODEL = "ledger.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

# How many proxies stand before us: whose address counts attempts is the one that the outermost of them has seen.
NUM_PROXIES = env.integer("NUM_PROXIES", 1 if env.flag("BEHIND_TLS") else 0)

# Who logs in how (ledger/web/security). allauth leads through the log-in and keeps factors, addresses and sessions; what
# counts attempts is ours (ledger/parties/attempts.py), so its own limits, which fail where the cache is away, are off.
ACCOUNT_ADAPTER = "ledger.web.security.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False
ACCOUNT_LOGIN_TIMEOUT = 10 * 60
ALLAUTH_TRUSTED_PROXY_COUNT = NUM_PROXIES
MFA_ADAPTER = "ledger.web.security.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RATE_LIMITS = False
MFA_TOTP_ISSUER = "Tianhui"
# A phone's clock may be off by half a minute; each code is good once.
MFA_TOTP_TOLERANCE = 1
# People of the operator and of auditors, and whoever has money paid out, need a second factor. Only the demo does without.
SECOND_FACTOR_REQUIRED = env.flag("SECOND_FACTOR_REQUIRED", default=True)
IS_DEMO = env.flag("IS_DEMO")
# For how long somebody who has just shown who they are need not do so again, before money leaves or a factor changes.
REAUTHENTICATION_SECONDS = ACCOUNT_REAUTHENTICATION_TIMEOUT = env.integer("REAUTHENTICATION_SECONDS", 600)
PASSWORD_RESET_TIMEOUT = env.integer("PASSWORD_RESET_SECONDS", 3_600)
# After how many days it is forgotten from where something was done to an account.
SECURITY_ADDRESS_DAYS = env.integer("SECURITY_ADDRESS_DAYS", 180)

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = ["config.formats"]

STATIC_URL = "static/"
# Where `collectstatic` has put the files, compressed and each under a name with its hash, so that browsers keep them for ever.
# Without it they are served from where they lie, as tests and a development server do.
STATIC_ROOT = env.text("STATIC_ROOT", "") or None
# The pictures of the guides are those of the README.
STATICFILES_DIRS = [BASE_DIR / "config" / "static", ("guide", BASE_DIR / "docs" / "images")]
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
if STATIC_ROOT is not None:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "config.static_files.HashedFiles"},
    }

DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "config.uploads.BoundedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# Where documents are kept, each by its hash: never below what is served. Several hosts share this folder.
DOCUMENTS_DIR = Path(env.text("DOCUMENTS_DIR", str(BASE_DIR / "var" / "documents")))
DOCUMENTS_PROJECT_MB = env.integer("DOCUMENTS_PROJECT_MB", 2_000)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "ledger.api.authentication.TokenAuthentication",
        "ledger.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["ledger.api.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["ledger.api.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "ledger.api.schema.ApiSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "ledger.api.problems.handle_exception",
    "COERCE_DECIMAL_TO_STRING": True,
    # Whose address counts attempts to log in: the caller's, or behind a proxy the one that the proxy has seen.
    "NUM_PROXIES": NUM_PROXIES,
}
# What to do about each code that a problem has.
PROBLEM_ADVICE = ["ledger.api.advice.ADVICE", "trading.api.advice.ADVICE"]
SPECTACULAR_SETTINGS = {
    "TITLE": "Tianhui 田汇 API",
    "DESCRIPTION": (
        "Registry, exchange and auditable ledger for farmland carbon sinks. Money is in fen (CNY × 100), "
        "quantities in whole tonnes CO₂e, prices in fen per tonne.\n\n"
        "**Who you are**: `POST /api/v1/tokens` gives a token for user name and password; send it as "
        "`Authorization: Bearer th_…`. What is public needs none.\n\n"
        "**Bodies** are JSON objects. A field that is not known is refused, and so is a number in a text, a fraction, "
        "or a number out of bounds.\n\n"
        "**Refusals** are problem details (RFC 9457, `application/problem+json`): `code` is stable, `detail` is in the "
        "language that `Accept-Language` asks for, `errors` points at the fields that are at fault. 400: the request is "
        "not what this page says; 422: it is, and a rule refuses it; 409: not in this state, or not any more. "
        "A refused request has changed nothing.\n\n"
        "**Scopes**: a token does what it has a scope for and your role allows: `read`, `trade` (orders, blocks, bids), "
        "`withdraw` (money and credits that leave), `members`, and `manage` (all else that writes). Each operation names "
        "the one it needs; 403 `insufficient_scope` names it in `scope`.\n\n"
        "**Rates**: each answer says in `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11) how much "
        "there is and what is left, of a token, a session, or an address. Too much is 429 `rate_limited`, with `Retry-After`. "
        "A batch of orders counts each of them.\n\n"
        "**Lists** are `{results, next, previous}`, newest first; `next` keeps its place while new rows arrive."
    ),
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "ledger.api.schema.add_shared_parts",
        "ledger.api.event_schemas.add_webhooks",
    ],
    "ENUM_NAME_OVERRIDES": {
        "HouseholdMembership": "ledger.api.households.MEMBERSHIPS",
        "CarbonMeasure": "ledger.registry.models.CarbonTotal.Measure",
        "ListOrder": "ledger.api.serializers.ORDERS",
        "OrganisationKind": "ledger.parties.models.Organisation.Kind",
        "ApplicableKind": "ledger.api.parties.APPLICABLE_KINDS",
        "OrganisationStatus": "ledger.parties.models.Organisation.Status",
        "Role": "ledger.parties.models.Membership.Role",
        "Scope": "ledger.parties.scopes.Scope",
        "ProposalState": "ledger.parties.models.RoleChange.State",
        "Methodology": "ledger.api.projects.METHODOLOGY_CHOICES",
        "Datum": "ledger.api.land.DATUM_CHOICES",
        "ProjectStatus": "ledger.projects.models.Project.Status",
        "NdcCoverage": "ledger.projects.models.Project.Ndc",
        "CoBenefit": "ledger.api.projects.CO_BENEFIT_CHOICES",
        "LabelType": "ledger.api.projects.LABEL_TYPE_CHOICES",
        "RenewalStatus": "ledger.projects.judgements.Renewal.Status",
        "ConflictNature": "ledger.projects.judgements.DeclaredConflict.Nature",
        "ReportStatus": "ledger.projects.models.MonitoringReport.Status",
        "FindingStatus": "ledger.projects.models.Finding.Status",
        "RiskStatus": "ledger.projects.models.RiskAssessment.Status",
        "FindingKind": "ledger.projects.models.Finding.Kind",
        "DiaryEntryKind": "ledger.projects.diary.models.DiaryEntry.Kind",
        "Flag": "ledger.api.documents.FLAGS",
        "DocumentKind": "ledger.projects.documents.models.Document.Kind",
        "RetirementPurpose": "ledger.credits.models.Retirement.Purpose",
        "CreditTransferGround": "ledger.credits.transfers.models.CreditTransfer.Ground",
        "CreditTransferState": "ledger.credits.transfers.models.CreditTransfer.State",
        "CreditTransferFilter": "ledger.api.transfers.STATE_FILTERS",
        "CancellationKind": "ledger.credits.cancellations.models.Cancellation.Kind",
        "CancellationReason": "ledger.credits.cancellations.models.Cancellation.Reason",
        "HolderReason": "ledger.api.cancellations.OF_HOLDERS",
        "OperatorReason": "ledger.api.cancellations.OF_THE_OPERATOR",
        "ReversalCause": "ledger.credits.reversals.models.Reversal.Cause",
        "ReversalState": "ledger.credits.reversals.models.Reversal.State",
        "BatchHolds": "ledger.api.registry.HELD_WHERE",
        "ReferenceTransactionType": "ledger.registry.models.ReferenceCredit.Type",
        "AssetKind": "ledger.journal.models.Asset.Kind",
        "AccountPurpose": "ledger.journal.models.Account.Purpose",
        "HoldPurpose": "ledger.journal.models.Hold.Purpose",
        "TransactionKind": "ledger.journal.models.Transaction.Kind",
        "TransferDirection": "ledger.api.journal.DIRECTIONS",
        "PaymentDirection": "ledger.journal.models.Payment.Direction",
        "TraceStep": "ledger.api.trace.STEP_KINDS",
        "PaymentStatus": "ledger.journal.models.Payment.Status",
        "CorrectionStatus": "ledger.journal.models.Correction.Status",
        "MarketState": "trading.markets.models.Market.State",
        "MarketPhase": "trading.markets.models.Market.Phase",
        "HouseTrading": "trading.api.status.TRADING_CHOICES",
        "MarketStep": "trading.api.markets.STEPS",
        "CandleInterval": "trading.api.marketdata.INTERVAL_CHOICES",
        "TradingMode": "trading.markets.models.TradingMode",
        "OrderSide": "trading.orders.models.Order.Side",
        "OrderType": "trading.orders.models.Order.Type",
        "OrderTimeInForce": "trading.orders.models.Order.TimeInForce",
        "OrderSelfTradeMode": "trading.orders.models.Order.SelfTradeMode",
        "OrderStatus": "trading.orders.models.Order.Status",
        "OrderStatusFilter": "trading.api.orders.STATUS_FILTERS",
        "BlockOfferState": "trading.blocks.models.BlockOffer.Outcome",
        "AuctionState": "trading.auctions.models.OneWayAuction.Stage",
        "AuctionPricing": "trading.auctions.models.OneWayAuction.Pricing",
        "BidState": "trading.auctions.models.Bid.State",
        "NoticeGroup": "ledger.notices.models.Group",
        "NoticeSeverity": "ledger.notices.models.Severity",
        "WebhookState": "ledger.api.webhooks.STATES",
        "WebhookDeliveryState": "ledger.webhooks.models.WebhookDelivery.State",
        "FrozenScope": "ledger.freezes.Scope",
        "AlertRule": "trading.surveillance.models.Rule",
        "AlertSeverity": "trading.surveillance.models.Alert.Severity",
        "AlertState": "trading.surveillance.models.Alert.State",
        "RelationKind": "trading.surveillance.models.Relation.Kind",
    },
    "TAGS": [
        {"name": "status", "description": "What the operator has frozen, if anything."},
        {"name": "people", "description": "Sign up, get tokens, and see who you are."},
        {"name": "organisations", "description": "For whom people act; the operator approves them."},
        {
            "name": "members",
            "description": "Who acts for your organisation: roles, invitations, changes that two make.",
        },
        {"name": "households", "description": "Member households of a cooperative, and their personal links."},
        {"name": "projects", "description": "Fields and what is done on them, from the draft to the registration."},
        {
            "name": "methodologies",
            "description": "How practices become tonnes: equations, and factors with their sources.",
        },
        {"name": "reports", "description": "What a vintage came to: reported, verified, approved, issued."},
        {"name": "diary", "description": "What is done on the fields, day by day; a cooperative's phone writes it."},
        {"name": "documents", "description": "Files that prove what is said, by their hashes; public where published."},
        {
            "name": "credits",
            "description": "Issued batches, and what becomes of them: retired, transferred, cancelled, reversed.",
        },
        {"name": "references", "description": "Other registries' projects and credits, only to be compared with."},
        {"name": "accounts", "description": "What organisations hold, with every transfer and serial number."},
        {"name": "payments", "description": "Money in and out by the bank, entered by one and confirmed by another."},
        {"name": "sharing", "description": "How proceeds are shared among households: plans, distributions, payouts."},
        {"name": "corrections", "description": "Wrong transactions, reversed by two people; nothing is ever changed."},
        {"name": "markets", "description": "Books, trades and prices."},
        {"name": "orders", "description": "Enter and cancel orders; your trades."},
        {"name": "blocks", "description": "Block trades: offers between two named parties, seen by them alone."},
        {"name": "auctions", "description": "One-way auctions: lots, and bids for them."},
        {"name": "notices", "description": "What you are told."},
        {"name": "webhooks", "description": "Addresses of yours that are told of events, signed as Standard Webhooks."},
        {"name": "surveillance", "description": "What the rules have found; for the operator and auditors."},
        {"name": "log", "description": "Proofs that nothing was changed or left out (RFC 9162)."},
    ],
}

# The broker and the cache keep to separate Redis databases, so that emptying the cache loses no wake-up.
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", "") or env.next_redis_database(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONSUMER = "config.worker:SteadyConsumer"
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5.0
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# However long the broker is away: a worker that gave up would be alive, or not, and consume nothing either way.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    **peers.REDIS,
    # Also of a question that is never answered: sending waits for one.
    "socket_timeout": peers.GONE_SECONDS,
    "health_check_interval": peers.IDLE_SECONDS,
}
CELERY_TIMEZONE = TIME_ZONE
# What beat sent while no worker was there is worth nothing later: the next second's will do.
CELERY_BEAT_SCHEDULE = {
    "wake-markets": {"task": "trading.tasks.wake_waiting_markets", "schedule": 1.0, "options": {"expires": 10}},
    "ask-shards": {"task": "trading.tasks.ask_shards", "schedule": 5.0, "options": {"expires": 5}},
    "step-markets": {"task": "trading.tasks.step_markets", "schedule": 1.0, "options": {"expires": 10}},
    "expire-orders": {"task": "trading.tasks.expire_orders", "schedule": 1.0, "options": {"expires": 10}},
    "expire-offers": {"task": "trading.tasks.expire_block_offers", "schedule": 1.0, "options": {"expires": 10}},
    "award-auctions": {"task": "trading.tasks.award_auctions", "schedule": 1.0, "options": {"expires": 10}},
    "publish-missed": {"task": "trading.tasks.publish_missed_markets", "schedule": 2.0, "options": {"expires": 10}},
    # Soon after midnight in China; a run that is missed is made up for by the next.
    "complete-projects": {
        "task": "ledger.tasks.complete_projects",
        "schedule": crontab(hour=0, minute=10),
        "options": {"expires": 3_600},
    },
    "share-proceeds": {"task": "ledger.tasks.share_proceeds", "schedule": 1.0, "options": {"expires": 10}},
    "note-token-uses": {"task": "ledger.tasks.note_token_uses", "schedule": 60.0, "options": {"expires": 60}},
    "warn-of-expiring-tokens": {
        "task": "ledger.tasks.warn_of_expiring_tokens",
        "schedule": crontab(minute=25),
        "options": {"expires": 3_600},
    },
    "expire-transfers": {"task": "ledger.tasks.expire_transfers", "schedule": 60.0, "options": {"expires": 60}},
    "tell-what-is-recorded": {
        "task": "ledger.tasks.tell_what_is_recorded",
        "schedule": 1.0,
        "options": {"queue": "telling", "expires": 5},
    },
    # Each morning at eight; what is due is told once however often one looks.
    "tell-deadlines": {
        "task": "ledger.tasks.tell_deadlines",
        "schedule": crontab(hour=8, minute=0),
        "options": {"expires": 3_600},
    },
    "write-digests": {
        "task": "ledger.tasks.write_digests",
        "schedule": crontab(hour="8-23", minute="*/10"),
        "options": {"expires": 600},
    },
    # What waits for servers of others has a process of its own, that nothing else waits for.
    "send-messages": {
        "task": "ledger.tasks.send_messages",
        "schedule": 2.0,
        "options": {"queue": "sending", "expires": 5},
    },
    "deliver-webhooks": {
        "task": "ledger.tasks.deliver_webhooks",
        "schedule": 1.0,
        "options": {"queue": "webhooks", "expires": 5},
    },
    "sweep-told": {
        "task": "ledger.tasks.sweep_told",
        "schedule": crontab(hour=4, minute=10),
        "options": {"queue": "audit", "expires": 3_600},
    },
    "sequence-log": {"task": "ledger.tasks.sequence_log", "schedule": 1.0, "options": {"expires": 10}},
    "refresh-registry": {
        "task": "ledger.tasks.refresh_registry",
        "schedule": 60.0,
        "options": {"queue": "audit", "expires": 60},
    },
    "import-references": {
        "task": "ledger.tasks.import_references",
        "schedule": 60.0,
        "options": {"queue": "audit", "expires": 60},
    },
    "dump-registry": {
        "task": "ledger.tasks.dump_registry",
        "schedule": crontab(hour=3, minute=30),
        "options": {"queue": "audit", "expires": 3_600},
    },
    "reconcile-books": {
        "task": "trading.tasks.reconcile_nightly",
        "schedule": crontab(hour=2, minute=0),
        "options": {"queue": "audit", "expires": 3_600},
    },
    "keep-positions": {
        "task": "trading.tasks.keep_positions",
        "schedule": crontab(hour=0, minute=25),
        "options": {"queue": "audit", "expires": 3_600},
    },
    "sweep-documents": {
        "task": "ledger.tasks.sweep_documents",
        "schedule": crontab(hour=3, minute=30),
        "options": {"queue": "audit", "expires": 3_600},
    },
    "sweep-accounts": {
        "task": "ledger.tasks.sweep_accounts",
        "schedule": crontab(hour=4, minute=10),
        "options": {"queue": "audit", "expires": 3_600},
    },
    "sweep-answers": {
        "task": "ledger.tasks.sweep_idempotent_requests",
        "schedule": crontab(minute=40),
        "options": {"queue": "audit", "expires": 3_600},
    },
    # Each run goes on where the last one ended: it matters little when one comes.
    "watch-hours": {
        "task": "trading.tasks.watch_hours",
        "schedule": 300.0,
        "options": {"queue": "audit", "expires": 300},
    },
    "watch-days": {
        "task": "trading.tasks.watch_days",
        "schedule": crontab(minute=20),
        "options": {"queue": "audit", "expires": 3_600},
    },
}
if "replica" in DATABASES:
    CELERY_BEAT_SCHEDULE["mark-time"] = {"task": "ledger.tasks.mark_time", "schedule": 1.0, "options": {"expires": 5}}
MATCHING_SHARDS = env.integer("MATCHING_SHARDS", 1)
# Each queue that has a worker. Beat sends a pulse through every one of them (config/operations/observe/pulses.py).
QUEUES = ["celery", "telling", "sending", "webhooks", "audit", *(f"matching.{each}" for each in range(MATCHING_SHARDS))]
for _queue in QUEUES:
    CELERY_BEAT_SCHEDULE[f"pulse-{_queue}"] = {
        "task": "config.operations.observe.tasks.pulse",
        "schedule": 10.0,
        "args": [_queue],
        "options": {"queue": _queue, "expires": 10},
    }
CELERY_BEAT_SCHEDULER = "config.beat:SteadyScheduler"
CELERY_BEAT_SCHEDULE_FILENAME = env.text("CELERY_BEAT_SCHEDULE_FILENAME", str(BASE_DIR / "var" / "beat-schedule"))
# How long after its end a crediting period may still be reported; then the project is completed.
PROJECT_REPORTING_GRACE_DAYS = env.integer("PROJECT_REPORTING_GRACE_DAYS", 730)

# The transparency log: its name, and the Ed25519 seed that signs its checkpoints (made at first start).
LOG_ORIGIN = env.text("LOG_ORIGIN", "tianhui.example/log")
LOG_SIGNING_KEY_FILE = Path(env.text("LOG_SIGNING_KEY_FILE", str(BASE_DIR / "var" / "log-signing-key")))
# What that key has signed last; not set: beside the key, named as it is with `.state`. In no backup (docs/backup.md).
LOG_STATE_FILE = env.text("LOG_STATE_FILE", "")
# Who cosigns them: verifier keys, each with the URL to which checkpoints are pushed, where the witness does not come itself.
LOG_WITNESSES = env.witnesses("LOG_WITNESSES")
if any(url for _vkey, url in LOG_WITNESSES):
    CELERY_BEAT_SCHEDULE["push-checkpoint"] = {
        "task": "ledger.tasks.push_checkpoint",
        "schedule": 10.0,
        "options": {"expires": 10},
    }

# The map behind the fields: tiles in WGS 84 / CGCS2000 (not GCJ-02), https://…/{z}/{x}/{y}.png; empty: none is fetched from
# anywhere. Pages may then load pictures from there, and from nowhere else but here.
MAP_TILES_URL = env.text("MAP_TILES_URL", "")
MAP_TILES_ATTRIBUTION = env.text("MAP_TILES_ATTRIBUTION", "")
# The address at which the public finds this site, for what leaves the screen, such as https://registry.example.cn; where it
# is empty, the one that the reader came by.
PUBLIC_URL = env.text("PUBLIC_URL", "").rstrip("/")
# How many days each step of a monitoring report may take, by the state that it waits in: shown as the day by which it is due.
REPORT_TARGET_DAYS = {
    "submitted": env.integer("TARGET_DAYS_ACCEPT", 5),
    "in_verification": env.integer("TARGET_DAYS_VERIFY", 30),
    "findings_open": env.integer("TARGET_DAYS_ANSWER", 14),
    "findings_answered": env.integer("TARGET_DAYS_CLOSE", 10),
    "verified": env.integer("TARGET_DAYS_APPROVE", 14),
    "approved": env.integer("TARGET_DAYS_ISSUE", 7),
}

# E-mail: by default it is written to the console, or into files; with EMAIL_HOST it leaves by that server.
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.integer("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS")
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL")
EMAIL_TIMEOUT = env.integer("EMAIL_TIMEOUT", 10)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Tianhui <noreply@tianhui.example>")
EMAIL_BACKEND = env.mail_backend("EMAIL_BACKEND", "smtp" if env.text("EMAIL_HOST", "") else "console")
EMAIL_FILE_PATH = env.text("EMAIL_FILE_PATH", str(BASE_DIR / "var" / "mail"))
# Text messages: the class of a gateway, such as ledger.notices.sms.HttpGateway; empty: nobody can choose them.
SMS_GATEWAY = env.text("SMS_GATEWAY", "")
SMS_GATEWAY_URL = env.text("SMS_GATEWAY_URL", "")
SMS_GATEWAY_SECRET = env.text("SMS_GATEWAY_SECRET", "")
# Whether webhooks may call this machine itself, and by plain HTTP: to try them out, never in production.
WEBHOOKS_TO_LOOPBACK = env.flag("WEBHOOKS_TO_LOOPBACK")

# The password that the demo's people share (made when the demo is seeded).
DEMO_PASSWORD_FILE = Path(env.text("DEMO_PASSWORD_FILE", str(BASE_DIR / "var" / "demo-password")))

# How often somebody may ask, as requests (orders, for orders) in so many seconds: budgets of a token, or of a person on pages;
# of an address for visitors, log-ins, searches and downloads; files that somebody sends count as uploads, too (ledger/parties/rates.py).
RATE_LIMITS = {
    "reads": env.rate("RATE_READS", "1200/60"),
    "orders": env.rate("RATE_ORDERS", "12000/60"),
    "writes": env.rate("RATE_WRITES", "600/60"),
    "log-ins": env.rate("RATE_LOG_INS", "60/60"),
    "visitors": env.rate("RATE_VISITORS", "600/60"),
    "searches": env.rate("RATE_SEARCHES", "120/60"),
    "downloads": env.rate("RATE_DOWNLOADS", "60/60"),
    "uploads": env.rate("RATE_UPLOADS", "120/60"),
}

# For how long a public page of the registry is handed to visitors as it was rendered; 0: each is rendered anew.
PUBLIC_PAGES_SECONDS = env.integer("PUBLIC_PAGES_SECONDS", 30)
# Where dumps of the registry lie, and files that are being imported: one folder for all hosts of web and worker.
REGISTRY_FILES = Path(env.text("REGISTRY_FILES", str(BASE_DIR / "var" / "registry")))

# Where browsers find the live streams; empty: pages poll.
STREAM_URL = env.text("STREAM_URL", "")

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
BEHIND_TLS = env.flag("BEHIND_TLS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = BEHIND_TLS and env.flag("HSTS_INCLUDE_SUBDOMAINS", default=True)
# What comes to the proxy without TLS is led to it; what the machine itself asks, to see whether we live, comes straight to us.
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
# Whether browsers carry the name in their own list is for who owns the domain to apply for.
SILENCED_SYSTEM_CHECKS = ["security.W021"]

# Who reads /metrics: callers that come straight from these networks, and whoever has the token, from anywhere.
METRICS_NETWORKS = env.networks("METRICS_NETWORKS", "127.0.0.0/8,::1")
METRICS_TOKEN = env.text("METRICS_TOKEN", "")
# Where a worker, on a host without a web process, answers Prometheus; 0: nowhere.
METRICS_PORT = env.integer("METRICS_PORT", 0)
METRICS_HOST = env.text("METRICS_HOST", "127.0.0.1")
# A file that is written anew whenever a backup is whole; its age is shown and watched. Empty: nothing is said of backups.
BACKUP_STATUS_FILE = env.text("BACKUP_STATUS_FILE", "")

LOG_LEVEL = env.text("LOG_LEVEL", "INFO").upper()
# `json`: a line of JSON for each event; `text`: lines for people, as in the demo.
LOG_AS_JSON = env.log_format("LOG_FORMAT", "text" if IS_DEMO or DEBUG else "json") == "json"
LOGGING = logs.settings_for(level=LOG_LEVEL, as_json=LOG_AS_JSON)
# 0 where the proxy's own log of requests is enough: it then has to name the request ids.
ACCESS_LOG = env.flag("ACCESS_LOG", default=True)
logs.access.set_up(level=LOG_LEVEL if ACCESS_LOG else "ERROR", as_json=LOG_AS_JSON)
