"""Every variable we read: the one table behind the reading of settings and `.env.example`."""

from __future__ import annotations

from bot.settings.services import PROVIDERS, group_of
from bot.settings.variable import Group, Variable

_DISCORD = Group(
    "Discord",
    "Where the bot lives.",
    (
        Variable(
            name="DISCORD_TOKEN",
            means="The bot's token, from the Bot page of your application in Discord's developer portal. Required.",
            example="paste-your-bot-token-here",
            secret=True,
        ),
        Variable(
            name="OPERATOR_IDS",
            means="Discord ids of the people who run this bot, separated by commas: all of /admin is theirs, and"
            " they may cancel every film."
            " Switch on Discord's developer mode and right-click a name to copy its id.",
            example="100000000000000001,100000000000000002",
            many=True,
        ),
        Variable(
            name="OPERATOR_CHANNEL_ID",
            means="A channel of yours where the bot tells what is not well before you ask, each thing once, and where"
            " reports come that concern no server. Without one, each operator gets a direct message.",
            example="100000000000000004",
        ),
        Variable(
            name="DISCORD_API_URL",
            means="Another Discord than the public one, such as the sandbox: set all three addresses or none."
            " Plain http and ws are accepted on this machine only.",
            example="http://127.0.0.1:4100/api/v10",
        ),
        Variable(
            name="DISCORD_GATEWAY_URL",
            means="That Discord's gateway.",
            example="ws://127.0.0.1:4100/gateway",
        ),
        Variable(
            name="DISCORD_CDN_URL",
            means="That Discord's file server. Uploads are fetched from there, and from nowhere else.",
            example="http://127.0.0.1:4100/cdn",
        ),
    ),
)

_DATA = Group(
    "Data",
    "What the bot remembers.",
    (
        Variable(
            name="DATA_DIR",
            means="The folder for the database and the films, on a local disk. Created if it is not there.",
            example="./data",
            default="./data",
        ),
        Variable(
            name="DATABASE_URL",
            means="Another SQLite file than greenlight.db in DATA_DIR, or a PostgreSQL that several processes share.",
            example="postgresql://fake-user:fake-password@127.0.0.1/greenlight",
            secret=True,
        ),
    ),
)

_STORAGE = Group(
    "Storage",
    "What is kept, for how long, and where a copy lies. What a film in the making, a film that was not delivered, or a"
    " thread in which people still talk needs is kept in any case.",
    (
        Variable(
            name="BACKUP_DIR",
            means="The folder for backups. Another disk survives the loss of this one.",
            example="/mnt/backups/greenlight",
            assumed="backups in DATA_DIR",
        ),
        Variable(
            name="BACKUP_EVERY_HOURS",
            means="Hours between two backups of its own; 0 for none but those that replace one with deleted data.",
            example="24",
            default="24",
            between=(0, 720),
        ),
        Variable(
            name="KEEP_BACKUPS",
            means="How many of them are kept.",
            example="7",
            default="7",
            between=(1, 365),
        ),
        Variable(
            name="BACKUP_TO_STORE",
            means="Whether the database of each backup is copied to the object store, too. Never to a public bucket.",
            example="yes",
            default="no",
            choices=("no", "yes"),
        ),
        Variable(
            name="KEEP_UPLOADS_DAYS",
            means="Days that an uploaded video is kept after its film was last worked on; 0 for ever.",
            example="30",
            default="30",
            between=(0, 3650),
        ),
        Variable(
            name="KEEP_CLIPS_DAYS",
            means="Days that the clips and recordings of a film are kept after it was last worked on; 0 for ever. What"
            " is not kept has to be paid again when the film is changed.",
            example="30",
            default="30",
            between=(0, 3650),
        ),
        Variable(
            name="KEEP_FILMS_DAYS",
            means="Days that a finished film is kept on this machine after it was posted; 0 for ever.",
            example="90",
            default="90",
            between=(0, 3650),
        ),
        Variable(
            name="KEEP_STORED_FILMS_DAYS",
            means="Days that a film is kept in the object store; 0 for ever.",
            example="30",
            assumed="8 days, just longer than links last; for ever where the bucket has a public address",
            between=(0, 3650),
        ),
        Variable(
            name="MIN_FREE_DISK_MIB",
            means="What stays free on the disk of DATA_DIR, in MiB. With less, nothing new is begun, and films wait.",
            example="2048",
            default="2048",
            between=(0, 10_000_000),
        ),
    ),
)

_FILMS = Group(
    "Films",
    "How they are planned and rendered.",
    (
        Variable(
            name="MAX_FILMS_AT_ONCE",
            means="How many films are in production at once; the others wait their turn.",
            example="4",
            default="4",
            between=(1, 64),
        ),
        Variable(
            name="QUEUE_PROMISE_MINUTES",
            means="How long a film may wait in the line before you are told that it is too long, with what to do.",
            example="60",
            default="60",
            between=(1, 10_080),
        ),
        Variable(
            name="AMBIGUOUS_RETRY_USD",
            means="Where a service goes silent during an order, order again unasked for up to so many dollars in 24"
            " hours; you bear what is then paid twice. With 0, the film's owner is always asked.",
            example="1.00",
            default="0",
            between=(0, 1000),
        ),
        Variable(
            name="VIDEO_MODEL",
            means="The video model that new plans use. Without it, the bot picks one that suits each shot.",
            example="gen4.5",
        ),
        Variable(
            name="PLAN_MODEL",
            means="The language model that analyses clips and writes plans.",
            example="a-language-model",
        ),
        Variable(
            name="CHAT_MODEL",
            means="The language model that answers in a film's thread.",
            example="a-faster-language-model",
        ),
        Variable(name="VOICE_ID", means="The ElevenLabs voice of the narrator.", example="FakeVoiceId0000000000"),
    ),
)

_MONEY = Group(
    "Money",
    "What may be spent, in US dollars. An order that would pass one of these is refused before anything is ordered.",
    (
        Variable(
            name="MAX_USD_PER_FILM",
            means="The most that one film may cost.",
            example="12.50",
            default="25",
            between=(0, 1_000_000),
        ),
        Variable(
            name="MAX_USD_PER_USER_DAY",
            means="The most that one person may spend in a day (UTC). Not more than MAX_USD_PER_DAY.",
            example="12.50",
            default="25",
            between=(0, 1_000_000),
        ),
        Variable(
            name="MAX_USD_PER_GUILD_MONTH",
            means="The most that all people of one server may spend in a calendar month (UTC).",
            example="250",
            default="500",
            between=(0, 1_000_000),
        ),
        Variable(
            name="MAX_USD_PER_DAY",
            means="The most that the bot may spend in a day (UTC), for everybody together and with what language models"
            " take.",
            example="50",
            default="100",
            between=(0, 1_000_000),
        ),
        Variable(
            name="APPROVAL_ABOVE_USD",
            means="A film that costs more waits until an operator or somebody with one of the roles below approves it.",
            example="5",
            assumed="no film needs approval",
            between=(0, 1_000_000),
        ),
        Variable(
            name="APPROVER_ROLE_IDS",
            means="Discord ids of the roles whose members may approve films, separated by commas. Nobody approves their"
            " own film, operators excepted.",
            example="300000000000000001,300000000000000002",
            many=True,
        ),
    ),
)

_SAFETY = Group(
    "Safety",
    "Who may use the bot, and for what. Servers have rules of their own besides: their admins set them with /setup.",
    (
        Variable(
            name="AGE_CONFIRMATION",
            means="Whether people confirm once that they are 18 or older, where a service's terms ask for that"
            " (Gemini, Vertex and ElevenLabs do). No date of birth is asked for or kept. Choose none only where you"
            " know everybody's age otherwise.",
            example="ask",
            default="ask",
            choices=("ask", "none"),
        ),
        Variable(
            name="ADULT_CONTENT",
            means="Whether a server may allow adult ideas in channels that Discord restricts by age. The services'"
            " own policies hold all the same.",
            example="never",
            default="never",
            choices=("never", "restricted"),
        ),
        Variable(
            name="BLOCKED_GUILD_IDS",
            means="Ids of Discord servers in which the bot does nothing, separated by commas.",
            example="100000000000000003",
            many=True,
        ),
        Variable(
            name="BLOCKED_WORDS",
            means="Words that nobody may use in what they ask for, separated by commas. Servers add their own.",
            example="firstword,secondword",
            many=True,
        ),
    ),
)

_UPLOADS = Group(
    "Uploads",
    "What people may send. The limits protect this machine: raise them only if it has memory to spare.",
    (
        Variable(
            name="MAX_UPLOAD_MIB",
            means="Largest file, in MiB.",
            example="100",
            default="100",
            between=(1, 500),
        ),
        Variable(
            name="MAX_UPLOAD_SECONDS",
            means="Longest clip, in seconds.",
            example="600",
            default="600",
            between=(1, 7_200),
        ),
        Variable(
            name="MAX_UPLOAD_SIDE",
            means="Longest side of the picture, in pixels.",
            example="4096",
            default="4096",
            between=(16, 16_384),
        ),
        Variable(
            name="MAX_UPLOAD_PIXELS",
            means="Most pixels in a picture: width times height.",
            example="9437184",
            default="9437184",
            between=(256, 67_108_864),
        ),
        Variable(
            name="FFMPEG_PATH",
            means="Another ffmpeg than the one that came with the bot: the whole path of the program.",
            example="/usr/bin/ffmpeg",
        ),
    ),
)

_KEYS_ON_LOAN = Group(
    "Lending keys",
    "How the keys of all services are lent to those who wait.",
    (
        Variable(
            name="POOL_SKEW_SECONDS",
            means="By how much two requests may come closer together on their way to a service. More is safer on a bad"
            " network, and leaves a little more of every limit unused.",
            example="0.25",
            default="0.25",
            between=(0, 10),
        ),
        Variable(
            name="POOL_PATIENCE_SECONDS",
            means="How long a kind of work waits at most for a turn while more urgent work keeps coming.",
            example="60",
            default="60",
            between=(1, 3_600),
        ),
    ),
)

_OBJECT_STORE = Group(
    "Object store",
    "Where films go that are too large for Discord: Cloudflare R2, or another S3. Set all of it or nothing.",
    (
        Variable(
            name="CLOUDFLARE_R2_ACCOUNT_ID",
            means="Your Cloudflare account's id. Not needed with CLOUDFLARE_R2_ENDPOINT_URL.",
            example="fake0account0id",
        ),
        Variable(
            name="CLOUDFLARE_R2_ACCESS_KEY_ID",
            means="The id of an access key that may read and write this one bucket.",
            example="fake-access-key-id",
            secret=True,
        ),
        Variable(
            name="CLOUDFLARE_R2_SECRET_ACCESS_KEY",
            means="The secret of that access key.",
            example="fake-secret-access-key",
            secret=True,
        ),
        Variable(name="CLOUDFLARE_R2_BUCKET_NAME", means="The bucket.", example="greenlight-films"),
        Variable(
            name="CLOUDFLARE_R2_PUBLIC_URL",
            means="The bucket's public address, if it has one. Without it, links expire.",
            example="https://films.example.org",
        ),
        Variable(
            name="CLOUDFLARE_R2_ENDPOINT_URL",
            means="The address of another S3 than Cloudflare's: https, or http on this machine.",
            example="https://s3.example.org",
        ),
    ),
)

_LOGS = Group(
    "Logs",
    "What the bot tells you. Secrets are taken out.",
    (
        Variable(
            name="LOG_LEVEL",
            means="How much. At 'debug' the words of users may be in it.",
            example="info",
            default="info",
            choices=("debug", "info", "warning", "error"),
        ),
        Variable(
            name="LOG_FORMAT",
            means="Lines for people, or JSON for a machine that collects them.",
            example="text",
            default="text",
            choices=("text", "json"),
        ),
    ),
)

_OPS = Group(
    "For operators",
    "Health, metrics and a live dashboard over HTTP (docs/http.md). By default this machine alone is let in.",
    (
        Variable(
            name="OPS_HOST",
            means="The address to listen on. On any but this machine's own, OPS_TOKEN is required.",
            example="127.0.0.1",
            default="127.0.0.1",
        ),
        Variable(
            name="OPS_PORT",
            means="The port; 0 serves nothing. Processes on one machine need one each.",
            example="8787",
            default="8787",
            between=(0, 65_535),
        ),
        Variable(
            name="OPS_TOKEN",
            means="What opens it: sent as Authorization: Bearer, and asked for by the page. At least 24 characters.",
            example="fake-ops-token-of-32-characters-",
            secret=True,
        ),
        Variable(
            name="OPS_HOSTS",
            means="Names by which it is called, separated by commas, if not by an address or localhost: a guard against"
            " web pages that aim their own name at it.",
            example="greenlight.example.org",
            many=True,
        ),
    ),
)

_OLDER_NAMES = Group(
    "Older names",
    "They keep working, beside the newer ones or instead of them; the same key under two names counts once.",
    (
        *(
            Variable(
                name=f"{provider.prefix}_API_KEY",
                means=f"One key of {provider.title}, and more of them in {provider.prefix}_API_KEY_2,"
                f" {provider.prefix}_API_KEY_3 and so on. Use {provider.prefix}_API_KEYS instead.",
                example=f"fake-{provider.name}-key-one",
                secret=True,
                numbered=True,
            )
            for provider in PROVIDERS
        ),
        Variable(
            name="POSTGRES_URL",
            means="Read where DATABASE_URL is not set.",
            example="postgresql://fake-user:fake-password@127.0.0.1/greenlight",
            secret=True,
        ),
    ),
)

GROUPS = (
    _DISCORD,
    _DATA,
    _STORAGE,
    *(group_of(provider) for provider in PROVIDERS),
    _KEYS_ON_LOAN,
    _FILMS,
    _MONEY,
    _SAFETY,
    _UPLOADS,
    _OBJECT_STORE,
    _LOGS,
    _OPS,
    _OLDER_NAMES,
)
VARIABLES = {variable.name: variable for group in GROUPS for variable in group.variables}
PREFIXES = (
    "DISCORD_",
    *(f"{provider.prefix}_" for provider in PROVIDERS),
    "CLOUDFLARE_R2_",
    "MAX_",
    "POOL_",
    "BACKUP_",
    "OPS_",
)
