from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from bot.settings import Amount, Fault, LimitSetting, Settings, SettingsError
from bot.settings.example import env_example
from bot.settings.places import filesystem_of
from bot.settings.reference import configuration
from bot.settings.services import PROVIDERS
from bot.settings.variables import GROUPS, VARIABLES

ROOT = Path(__file__).parents[2]
TOKEN = "fake-id.fake-time.fake-signature"
LOOPBACK = {
    "DISCORD_API_URL": "http://127.0.0.1:4100/api/v10",
    "DISCORD_GATEWAY_URL": "ws://127.0.0.1:4100/gateway",
    "DISCORD_CDN_URL": "http://127.0.0.1:4100/cdn",
}
STORE = {
    "CLOUDFLARE_R2_ACCOUNT_ID": "fakeaccount",
    "CLOUDFLARE_R2_ACCESS_KEY_ID": "fake-access",
    "CLOUDFLARE_R2_SECRET_ACCESS_KEY": "fake-secret",
    "CLOUDFLARE_R2_BUCKET_NAME": "films",
}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(**variables: str) -> Settings:
    return Settings.from_environ({"DISCORD_TOKEN": TOKEN, **variables})


def faults(**variables: str) -> list[Fault]:
    with pytest.raises(SettingsError) as caught:
        read(**variables)
    return caught.value.faults


def only_fault(**variables: str) -> str:
    (fault,) = faults(**variables)
    return str(fault)


# What stands where nothing is set


def test_a_token_is_all_that_is_required(tmp_path: Path) -> None:
    settings = read()

    assert settings.discord.token == TOKEN
    assert settings.discord.endpoints is None
    assert settings.data_dir == tmp_path / "data"
    assert settings.data_dir.is_dir()
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/data/greenlight.db"
    assert settings.providers == {}
    assert settings.object_store is None
    assert settings.uploads.max_bytes == 100 * 1024 * 1024
    assert (settings.uploads.max_seconds, settings.uploads.max_side, settings.uploads.max_pixels) == (
        600,
        4096,
        9437184,
    )
    assert (settings.max_films_at_once, settings.log_level, settings.log_format) == (4, "info", "text")


def test_an_empty_value_counts_as_unset() -> None:
    assert read(**dict.fromkeys(VARIABLES.keys() - {"DISCORD_TOKEN"}, "")) == read()


def test_what_is_missing_but_legal_is_noted() -> None:
    notes = "\n".join(read().notes())

    assert "nothing can be planned" in notes
    assert "cannot be rendered" in notes
    assert "no narration" in notes


def test_nothing_is_noted_where_everything_is_there() -> None:
    settings = read(GEMINI_API_KEYS="fake-a", ELEVENLABS_API_KEYS="fake-b")

    assert settings.can_plan
    assert settings.can_render
    assert settings.can_speak
    assert settings.notes() == []


@pytest.mark.parametrize(
    ("keys", "can_plan", "can_render"),
    [
        ("GROQ_API_KEYS", True, False),
        ("RUNWAY_API_KEYS", False, True),
        ("VERTEX_API_KEYS", False, True),
        ("ELEVENLABS_API_KEYS", False, False),
    ],
)
def test_what_the_bot_can_do_follows_from_its_keys(keys: str, can_plan: bool, can_render: bool) -> None:
    settings = read(**{keys: "fake-key"})

    assert (settings.can_plan, settings.can_render) == (can_plan, can_render)


# Faults


def test_all_faults_are_reported_together_and_by_variable() -> None:
    found = faults(DISCORD_TOKEN="", MAX_UPLOAD_MIB="many", LOG_FORMAT="xml", GEMINI_API_KEYS="a,a", RUNWAY_ROOM="0")

    assert [fault.variable for fault in found] == [
        "DISCORD_TOKEN",
        "GEMINI_API_KEYS",
        "LOG_FORMAT",
        "MAX_UPLOAD_MIB",
        "RUNWAY_ROOM",
    ]


def test_the_report_has_a_line_for_each_fault() -> None:
    with pytest.raises(SettingsError) as caught:
        read(GEMINI_API_KEYS="fake-a,fake-b,fake-a", MAX_UPLOAD_SIDE="9")

    assert caught.value.report().splitlines() == [
        "CONFIG ERROR  GEMINI_API_KEYS: has the same key twice (items 1 and 3); keep one of them",
        "CONFIG ERROR  MAX_UPLOAD_SIDE: is out of range; give a number from 16 to 16384",
    ]


@pytest.mark.parametrize(
    "template", ["{}", " {}", '"{}"', "{}\n", "{};{}", "x:{},y:{}", "http://u:{}@127.0.0.1", "{},"]
)
def test_no_report_shows_a_value(template: str) -> None:
    canary = "canary!value"
    value = template.format(canary, canary)

    with pytest.raises(SettingsError) as caught:
        Settings.from_environ(dict.fromkeys(VARIABLES, value) | {"DATA_DIR": "./data", "GEMINI_API_KEY_7": value})

    assert canary not in str(caught.value)
    assert canary not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("", "is not set"),
        ("   ", "is blank"),
        (f" {TOKEN}", "spaces around"),
        (f"{TOKEN}\n", "line break"),
        (f"{TOKEN}\r", "line break"),
        (f'"{TOKEN}"', "quotes around"),
        (f"Bot {TOKEN}", "word before the token"),
        ("123456789012345678", "three parts"),
        ("a..b", "three parts"),
        ("a.b c.d", "three parts"),
        ("paste-your-bot-token-here", "still holds the example"),
    ],
)
def test_a_token_that_cannot_be_one_is_refused(token: str, said: str) -> None:
    assert said in only_fault(DISCORD_TOKEN=token)


@pytest.mark.parametrize("value", ["x", "1.5", "1_000", "-1", "0", "501", "٣", "1e2", "9" * 30])
def test_a_number_must_be_whole_and_within_its_bounds(value: str) -> None:
    assert "from 1 to 500" in only_fault(MAX_UPLOAD_MIB=value)


def test_bounds_themselves_are_allowed() -> None:
    assert read(MAX_UPLOAD_MIB="500").uploads.max_bytes == 500 * 1024 * 1024


@pytest.mark.parametrize("variable", [name for name, variable in VARIABLES.items() if variable.between])
def test_every_number_is_checked(variable: str) -> None:
    assert only_fault(**{variable: "1000000000"}).startswith(f"{variable}: is out of range")


def test_a_word_may_be_written_in_capitals() -> None:
    assert read(LOG_LEVEL="DEBUG").log_level == "debug"


@pytest.mark.parametrize("variable", ["VIDEO_MODEL", "PLAN_MODEL", "CHAT_MODEL", "VOICE_ID"])
def test_an_id_has_no_spaces(variable: str) -> None:
    assert "right shape" in only_fault(**{variable: "two words"})


def test_operators_are_discord_ids() -> None:
    ids = "100000000000000001, 100000000000000002,100000000000000001"

    assert read(OPERATOR_IDS=ids).discord.operator_ids == {100000000000000001, 100000000000000002}
    assert "Discord id" in only_fault(OPERATOR_IDS="100000000000000001,somebody")
    assert "blank item" in only_fault(OPERATOR_IDS="100000000000000001,")
    assert "commas alone" in only_fault(OPERATOR_IDS="100000000000000001;100000000000000002")


# Names that are nearly right


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("DISCORD_API_URI", "DISCORD_API_URL"),
        ("GEMINI_API_KEY2", "GEMINI_API_KEY"),
        ("GEMINI_API_KEYZ", "GEMINI_API_KEY"),
        ("GROQ_REQUEST_PER_MINUTE", "GROQ_REQUESTS_PER_MINUTE"),
        ("MAX_UPLOAD_MB", "MAX_UPLOAD_MIB"),
        ("MAX_FILM_AT_ONCE", "MAX_FILMS_AT_ONCE"),
        ("MAX_UPLOAD_MIB_FILE", "MAX_UPLOAD_MIB"),
        ("CLOUDFLARE_R2_BUCKET", "CLOUDFLARE_R2_BUCKET_NAME"),
    ],
)
def test_a_typo_is_a_fault_that_says_what_was_meant(typo: str, meant: str) -> None:
    assert re.fullmatch(rf"{typo}: is not a setting; did you mean {meant}\?", only_fault(**{typo: "value"}))


def test_a_near_name_is_no_fault_where_the_right_one_is_set() -> None:
    assert read(DISCORD_BOT_TOKEN="for-another-program").discord.token == TOKEN


def test_a_stranger_behind_a_prefix_of_ours_is_noted() -> None:
    assert "DISCORD_PUBLIC_KEY is not a setting of ours and is ignored" in read(DISCORD_PUBLIC_KEY="x").notes()


def test_a_misspelt_provider_is_noted() -> None:
    (note, *_) = read(GEMENI_API_KEYS="x").notes()

    assert note.endswith("did you mean GEMINI_API_KEYS?")


def test_other_programs_variables_are_nobodys_business() -> None:
    strangers = {"MAX_JOBS": "4", "PATH": "/bin", "HOME": "/", "XDG_DATA_DIRS": "/x", "GOOGLE_API_KEY": "x"}

    assert read(**strangers) == read()


# Discord's addresses


def test_all_three_addresses_make_another_discord() -> None:
    endpoints = read(**LOOPBACK).discord.endpoints

    assert endpoints is not None
    assert endpoints.api_url == LOOPBACK["DISCORD_API_URL"]
    assert endpoints.gateway_url == LOOPBACK["DISCORD_GATEWAY_URL"]
    assert endpoints.cdn_url == LOOPBACK["DISCORD_CDN_URL"]


@pytest.mark.parametrize("missing", LOOPBACK)
def test_two_addresses_of_three_are_refused(missing: str) -> None:
    given = {name: url for name, url in LOOPBACK.items() if name != missing}

    assert only_fault(**given).startswith(f"{missing}: is missing beside the others")


@pytest.mark.parametrize(
    "url",
    [
        "http://discord.example/api",
        "http://127.0.0.1.example/api",
        "http://10.0.0.1/api",
        "http://user:word@127.0.0.1/api",
        "http://127.0.0.1/api?x=1",
        "http://127.0.0.1:99999/api",
        "ws://127.0.0.1/api",
        "ftp://127.0.0.1/api",
        "https://",
        "http://[::1/api",
        "127.0.0.1:4100",
    ],
)
def test_an_address_is_encrypted_or_on_loopback(url: str) -> None:
    assert only_fault(**LOOPBACK | {"DISCORD_API_URL": url}).startswith("DISCORD_API_URL: ")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:80", "127.9.9.9", "[::1]:4100"])
def test_plain_http_is_fine_on_this_machine(host: str) -> None:
    assert read(GROQ_API_KEYS="fake", GROQ_BASE_URL=f"http://{host}/").providers["groq"].base_url == f"http://{host}"


def test_uploads_come_from_discords_public_hosts_by_default() -> None:
    assert read().download_origins == {"https://cdn.discordapp.com", "https://media.discordapp.net"}


@pytest.mark.parametrize(
    ("cdn", "origin"),
    [
        ("http://127.0.0.1:4100/cdn", "http://127.0.0.1:4100"),
        ("http://LOCALHOST:80/cdn", "http://localhost"),
        ("http://[::1]:4100", "http://[::1]:4100"),
        ("https://cdn.example.org/files", "https://cdn.example.org"),
    ],
)
def test_uploads_come_from_the_other_discords_files_alone(cdn: str, origin: str) -> None:
    assert read(**LOOPBACK | {"DISCORD_CDN_URL": cdn}).download_origins == {origin}


# Keys


def test_keys_of_one_account_share_it_and_the_others_are_their_own() -> None:
    first, second, third = read(GEMINI_API_KEYS="studio:fake-a, studio:fake-b,fake-c").providers["gemini"].keys

    assert (first.account, second.account) == ("studio", "studio")
    assert third.account == third.id
    assert [key.secret for key in (first, second, third)] == ["fake-a", "fake-b", "fake-c"]


def test_a_keys_id_survives_reordering_and_tells_nothing() -> None:
    def ids(keys: str) -> dict[str, str]:
        return {key.secret: key.id for key in read(RUNWAY_API_KEYS=keys).providers["runway"].keys}

    before, after = ids("fake-a,fake-b"), ids("fake-new,fake-b,studio:fake-a")

    assert before.items() <= after.items()
    assert all(re.fullmatch(r"runway-[0-9a-f]{8}", name) for name in after.values())
    assert len(set(after.values())) == 3


def test_older_names_keep_working_in_the_order_of_their_numbers() -> None:
    settings = read(GEMINI_API_KEY_10="fake-ten", GEMINI_API_KEY_2="fake-two", GEMINI_API_KEY="fake-one")

    assert [key.secret for key in settings.providers["gemini"].keys] == ["fake-one", "fake-two", "fake-ten"]


@pytest.mark.parametrize("name", [provider.name for provider in PROVIDERS])
def test_each_provider_has_an_older_name(name: str) -> None:
    assert [key.secret for key in read(**{f"{name.upper()}_API_KEY": "fake"}).providers[name].keys] == ["fake"]


def test_a_key_under_two_names_counts_once_and_keeps_its_account() -> None:
    for keys in ("studio:fake-a", "fake-a"):
        (key,) = read(GEMINI_API_KEYS=keys, GEMINI_API_KEY="fake-a", GEMINI_API_KEY_2="fake-a").providers["gemini"].keys
        assert key.account == ("studio" if ":" in keys else key.id)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("fake-a,,fake-b", "blank item"),
        (",", "blank item"),
        ("fake-a;fake-b", "commas alone"),
        ("fake-a fake-b", "commas alone"),
        ("studio:fake-a,fake-a", "same key twice (items 1 and 2)"),
        ("studio:fake-a,other:fake-a", "same key twice (items 1 and 2)"),
        ("fake-a,:fake-b", "unusable account in item 2"),
        ("a/b:fake-b", "unusable account in its key"),
        ("studio:,fake-b", "no key after the colon in item 1"),
        ("fäke", "strange character"),
        ("'fake-a'", "quotes around"),
        ("  ", "is blank"),
        (VARIABLES["GEMINI_API_KEYS"].example, "still holds the example"),
    ],
)
def test_a_list_of_keys_that_cannot_be_meant_is_refused(keys: str, said: str) -> None:
    assert any(said in str(fault) for fault in faults(GEMINI_API_KEYS=keys))


def test_one_key_of_two_accounts_is_refused() -> None:
    assert "two accounts" in only_fault(GROQ_API_KEYS="a:fake", GROQ_API_KEY="b:fake")


def test_an_older_name_holds_one_key() -> None:
    assert "put them into RUNWAY_API_KEYS" in only_fault(RUNWAY_API_KEY="fake-a,fake-b")


def test_limits_of_a_provider_can_be_told() -> None:
    groq = read(
        GROQ_API_KEYS="fake",
        GROQ_REQUESTS_PER_MINUTE="7",
        GROQ_TOKENS_PER_DAY="9000",
        GROQ_ROOM="3",
        GROQ_COOLDOWN_SECONDS="20",
        GROQ_MAX_RETRIES="0",
        GROQ_BACKOFF_SECONDS="0.5",
    ).providers["groq"]

    amounts = (Amount(7, "requests", 60.0), Amount(9000, "tokens", 86_400.0))
    assert groq.limits == (LimitSetting(amounts=amounts, room=3),)
    assert (groq.cooldown, groq.max_retries, groq.backoff) == (20, 0, 0.5)


def test_limits_of_accounts_and_models_can_be_told_the_more_general_first() -> None:
    told = "@studio/openai/gpt-oss-120b=250000tokens/min,@studio=60/min+1500/day,qwen/qwen3.8-27b=5/90s+room:2"

    groq = read(GROQ_API_KEYS="studio:fake,other", GROQ_LIMITS=told, GROQ_ROOM="9").providers["groq"]

    assert groq.limits == (
        LimitSetting(room=9),
        LimitSetting(model="qwen/qwen3.8-27b", amounts=(Amount(5, "requests", 90.0),), room=2),
        LimitSetting(account="studio", amounts=(Amount(60, "requests", 60.0), Amount(1500, "requests", 86_400.0))),
        LimitSetting(account="studio", model="openai/gpt-oss-120b", amounts=(Amount(250_000, "tokens", 60.0),)),
    )


def test_a_key_without_an_account_has_limits_under_its_id() -> None:
    name = read(RUNWAY_API_KEYS="fake").providers["runway"].keys[0].id

    assert read(RUNWAY_API_KEYS="fake", RUNWAY_LIMITS=f"@{name}=room:5").providers["runway"].limits[0].account == name


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ("60/min", "does not say where item 1 holds; begin it with @account=, a model and =, or @account/model="),
        ("gen4.5=5/min,=5/min", "does not say where item 2 holds"),
        ("@=5/min", "does not say where item 1 holds"),
        ("gen4.5=", "cannot be read in item 1; write 60/min, 1500/day or room:2, and + between them"),
        ("gen4.5=five/min", "cannot be read in item 1"),
        ("gen4.5=5/week", "cannot be read in item 1"),
        ("gen4.5=5/0s", "cannot be read in item 1"),
        ("gen4.5=9000tokens/min", "cannot be read in item 1"),
        ("gen4.5=5/min+room:0", "allows nothing at all in item 1; give a number from 1 on"),
        ("gen4.5=5/min+6/60s", "limits the same thing twice in item 1; keep one of them"),
        ("gen4.5=room:1+room:2", "limits the same thing twice in item 1"),
        ("gen4.5=5/min,gen4.5=room:2", "names the same place again in item 2; write it once"),
        (
            "gen4.5=5/min,@gone=5/min",
            "names an account in item 2 that no key has; take a name that stands before a key",
        ),
        ("gen4.5=5/min; gen4_turbo=6/min", "separate the items by commas alone"),
    ],
)
def test_a_limit_that_cannot_be_meant_is_refused_by_its_place_in_the_list(limits: str, said: str) -> None:
    found = only_fault(RUNWAY_API_KEYS="studio:fake", RUNWAY_LIMITS=limits)

    assert found.startswith("RUNWAY_LIMITS: ")
    assert said in found


def test_a_service_of_questions_is_told_that_it_may_count_tokens() -> None:
    assert "250000tokens/min" in only_fault(GROQ_API_KEYS="fake", GROQ_LIMITS="m=many")


@pytest.mark.parametrize("value", ["x", "-1", "1e2", "0,5", ".5", "10.5"])
def test_a_number_with_decimals_must_be_one_and_within_its_bounds(value: str) -> None:
    assert "from 0 to 10" in only_fault(POOL_SKEW_SECONDS=value)


def test_how_keys_are_lent_can_be_told() -> None:
    lending = read(POOL_SKEW_SECONDS="0", POOL_PATIENCE_SECONDS="12.5").lending

    assert (lending.skew, lending.patience) == (0.0, 12.5)


def test_settings_of_a_provider_without_a_key_are_noted() -> None:
    settings = read(GROQ_ROOM="3")

    assert settings.providers == {}
    assert "Groq has settings but no key, so it is not offered: set GROQ_API_KEYS" in settings.notes()


# Google Cloud

SERVICE_ACCOUNT = {
    "type": "service_account",
    "project_id": "fake-project",
    "private_key": "-----BEGIN PRIVATE KEY-----\nfake-canary-key\n-----END PRIVATE KEY-----\n",
    "client_email": "bot@fake-project.iam.gserviceaccount.com",
    "token_uri": "https://oauth2.googleapis.com/token",
}
USER = {
    "type": "authorized_user",
    "client_id": "fake",
    "client_secret": "fake-canary-s",
    "refresh_token": "fake-canary-r",
}


def credentials(tmp_path: Path, document: object) -> str:
    path = tmp_path / "google.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document, indent=2))
    return str(path)


def test_a_cloud_account_is_a_key_under_its_project(tmp_path: Path) -> None:
    settings = read(GOOGLE_APPLICATION_CREDENTIALS=credentials(tmp_path, SERVICE_ACCOUNT), VERTEX_API_KEYS="fake-a")

    express, account = settings.providers["vertex"].keys
    assert (express.account, express.secret) == (express.id, "fake-a")
    assert (account.account, json.loads(account.secret)) == ("fake-project", SERVICE_ACCOUNT)
    assert (settings.providers["vertex"].project, settings.providers["vertex"].location) == (None, None)
    assert settings.can_render


def test_a_cloud_accounts_id_tells_nothing_and_survives_another_layout_of_its_file(tmp_path: Path) -> None:
    again = dict(reversed(SERVICE_ACCOUNT.items()))
    ids = {
        read(GOOGLE_APPLICATION_CREDENTIALS=credentials(tmp_path, one)).providers["vertex"].keys[0].id
        for one in (SERVICE_ACCOUNT, json.dumps(again))
    }

    (name,) = ids
    assert re.fullmatch(r"vertex-[0-9a-f]{8}", name)


def test_the_project_and_the_place_of_a_cloud_account_can_be_told(tmp_path: Path) -> None:
    vertex = read(
        GOOGLE_APPLICATION_CREDENTIALS=credentials(tmp_path, SERVICE_ACCOUNT),
        GOOGLE_CLOUD_PROJECT="another-project",
        GOOGLE_CLOUD_LOCATION="global",
        VERTEX_LIMITS="@another-project=5/min",
    ).providers["vertex"]

    assert (vertex.project, vertex.location, vertex.keys[0].account) == ("another-project", "global", "another-project")


def test_nothing_of_a_cloud_account_is_seen(tmp_path: Path) -> None:
    settings = read(GOOGLE_APPLICATION_CREDENTIALS=credentials(tmp_path, SERVICE_ACCOUNT))

    key = SERVICE_ACCOUNT["private_key"]
    (account,) = settings.providers["vertex"].keys
    assert settings.secrets() == {TOKEN, account.secret, key, json.dumps(key)[1:-1]}
    assert "canary" not in repr(settings)


def test_a_users_credentials_do_beside_a_project(tmp_path: Path) -> None:
    path = credentials(tmp_path, USER)
    settings = read(GOOGLE_APPLICATION_CREDENTIALS=path, GOOGLE_CLOUD_PROJECT="fake-project")

    assert {"fake-canary-s", "fake-canary-r"} < settings.secrets()
    assert only_fault(GOOGLE_APPLICATION_CREDENTIALS=path) == (
        "GOOGLE_CLOUD_PROJECT: is missing, and the file of GOOGLE_APPLICATION_CREDENTIALS names none;"
        " set the project's id"
    )


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("not json: canary", "is no account's"),
        ("[" * 100_000, "is no account's"),
        ('"canary"', "is no account's"),
        ({"type": "external_account"}, "of another kind"),
        ({"type": ["service_account"]}, "of another kind"),
        ({**SERVICE_ACCOUNT, "private_key": ""}, "without private_key"),
        ({**SERVICE_ACCOUNT, "client_email": 1, "token_uri": None}, "without client_email and token_uri"),
        ({**SERVICE_ACCOUNT, "token_uri": "http://canary.example/token"}, "is not encrypted"),
    ],
)
def test_a_file_that_is_no_cloud_account_is_refused(tmp_path: Path, document: object, said: str) -> None:
    fault = only_fault(GOOGLE_APPLICATION_CREDENTIALS=credentials(tmp_path, document))

    assert fault.startswith("GOOGLE_APPLICATION_CREDENTIALS: ")
    assert said in fault
    assert "canary" not in fault


def test_a_cloud_accounts_file_must_be_there(tmp_path: Path) -> None:
    assert "cannot be read (No such file" in only_fault(GOOGLE_APPLICATION_CREDENTIALS="nowhere.json")
    assert "cannot be read (Is a directory)" in only_fault(GOOGLE_APPLICATION_CREDENTIALS=str(tmp_path))


def test_every_fault_of_the_cloud_is_reported_together() -> None:
    found = faults(
        GOOGLE_APPLICATION_CREDENTIALS="nowhere.json",
        GOOGLE_CLOUD_PROJECT="Not An Id",
        GOOGLE_CLOUD_LOCATION="the moon",
        VERTEX_BASE_URL="ftp://x",
    )

    assert [fault.variable for fault in found] == [
        "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_PROJECT", "VERTEX_BASE_URL",
    ]  # fmt: skip


def test_a_project_without_a_key_is_noted() -> None:
    settings = read(GOOGLE_CLOUD_PROJECT="fake-project")

    assert settings.providers == {}
    assert "set VERTEX_API_KEYS or GOOGLE_APPLICATION_CREDENTIALS" in "\n".join(settings.notes())


# Secrets in files


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\r\n")

    assert read(DISCORD_TOKEN="", DISCORD_TOKEN_FILE=str(file)).discord.token == TOKEN


def test_a_file_may_hold_a_key_to_a_line(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("studio:fake-a\n\nfake-b,\nfake-c , fake-d\n")

    keys = read(GEMINI_API_KEYS_FILE=str(file)).providers["gemini"].keys

    assert [key.secret for key in keys] == ["fake-a", "fake-b", "fake-c", "fake-d"]


def test_numbered_keys_may_come_from_files(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("fake-two")

    keys = read(GEMINI_API_KEY="fake-one", GEMINI_API_KEY_2_FILE=str(file)).providers["gemini"].keys

    assert [key.secret for key in keys] == ["fake-one", "fake-two"]


@pytest.mark.parametrize("name", [name for name, variable in VARIABLES.items() if variable.secret])
def test_every_secret_has_a_file_of_its_own(name: str) -> None:
    found = faults(**{f"{name}_FILE": "no-such-file"} | ({"DISCORD_TOKEN": ""} if name == "DISCORD_TOKEN" else {}))

    assert f"{name}_FILE: cannot be read (No such file or directory)" in "\n".join(map(str, found))


def test_a_file_that_cannot_be_a_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b" \n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    (tmp_path / "lines").write_bytes(b"a\nb")

    assert "names an empty file" in only_fault(GROQ_API_KEY_FILE="empty")
    assert "text file" in only_fault(GROQ_API_KEY_FILE="binary")
    assert "far too large" in only_fault(GROQ_API_KEY_FILE="large")
    assert only_fault(GROQ_API_KEY_FILE="lines").startswith("GROQ_API_KEY_FILE: holds a line break")
    assert "cannot be read (Is a directory)" in only_fault(GROQ_API_KEY_FILE=str(tmp_path))


def test_a_secret_and_its_file_are_one_too_many() -> None:
    assert "is set, and so is GROQ_API_KEYS_FILE" in only_fault(GROQ_API_KEYS="fake", GROQ_API_KEYS_FILE="somewhere")


# Places


def test_the_data_folder_is_made_and_for_nobody_else(tmp_path: Path) -> None:
    settings = read(DATA_DIR="deep/er")

    assert settings.data_dir == tmp_path / "deep" / "er"
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700


def test_a_data_folder_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert only_fault(DATA_DIR="file").startswith("DATA_DIR: cannot be written to")
    assert only_fault(DATA_DIR="file/below").startswith("DATA_DIR: cannot be written to")
    assert only_fault(DATA_DIR="/proc/data").startswith("DATA_DIR: cannot be written to")
    assert only_fault(DATA_DIR="~/data").startswith("DATA_DIR: holds ~")


def test_the_file_system_of_a_folder_is_that_of_its_nearest_mount() -> None:
    mounts = "\n".join(
        ("/dev/sda / ext4 rw 0 0", "nas:/x /srv/films nfs4 rw 0 0", "tmpfs /srv/films/a\\040b tmpfs rw 0 0", "odd")
    )

    assert filesystem_of(Path("/srv/films/data"), mounts) == "nfs4"
    assert filesystem_of(Path("/srv/films2"), mounts) == "ext4"
    assert filesystem_of(Path("/srv/films/a b/c"), mounts) == "tmpfs"
    assert filesystem_of(Path("/srv"), "") is None


def test_a_network_drive_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # No test can count on a network drive; what reads the mounts is all that is replaced.
    monkeypatch.setattr("bot.settings.places._read_mounts", lambda: "nas:/x / nfs4 rw 0 0")

    assert only_fault() == "DATA_DIR: is on a network drive (nfs4), where databases break; name a local folder"


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+aiosqlite"])
def test_another_database_file_can_be_named(scheme: str, tmp_path: Path) -> None:
    assert read(DATABASE_URL=f"{scheme}:///other.db").database_url == f"sqlite+aiosqlite:///{tmp_path}/other.db"
    assert read(DATABASE_URL=f"{scheme}:///{tmp_path}/x.db").database_url == f"sqlite+aiosqlite:///{tmp_path}/x.db"


@pytest.mark.parametrize(
    "url", ["mysql://host/x", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///nowhere/x.db", "x.db"]
)
def test_a_database_that_would_not_last_is_refused(url: str) -> None:
    assert only_fault(DATABASE_URL=url).startswith("DATABASE_URL: ")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
@pytest.mark.parametrize("name", ["DATABASE_URL", "POSTGRES_URL"])
def test_postgresql_is_read_whatever_driver_is_named(name: str, scheme: str) -> None:
    settings = read(**{name: f"{scheme}://user:fake@host/films?sslmode=require"})

    assert settings.database_url == "postgresql+psycopg://user:fake@host/films?sslmode=require"
    assert settings.is_shared


def test_the_password_of_the_database_is_a_secret() -> None:
    assert {"fake%2Fword", "fake/word"} <= read(DATABASE_URL="postgresql://user:fake%2Fword@host/films").secrets()


@pytest.mark.parametrize("url", ["postgresql://", "postgresql://host", "postgresql:///films", "postgresql://h:x/films"])
def test_a_postgresql_url_without_its_parts_is_refused(url: str) -> None:
    assert only_fault(DATABASE_URL=url).startswith("DATABASE_URL: does not name a PostgreSQL database")


def test_a_pooled_postgresql_is_refused_with_the_direct_host() -> None:
    pooled = only_fault(DATABASE_URL="postgresql://u:fake@ep-a-1-pooler.eu.aws.neon.example/films?sslmode=require")

    assert pooled.endswith("use the direct connection: the host ep-a-1.eu.aws.neon.example")
    assert "PgBouncer" in only_fault(DATABASE_URL="postgresql://u:fake@host:6432/films?pgbouncer=true")


def test_the_older_database_name_counts_only_alone(tmp_path: Path) -> None:
    settings = read(DATABASE_URL="sqlite:///new.db", POSTGRES_URL="postgresql://user:fake@host/films")

    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/new.db"


def test_an_object_store_is_read() -> None:
    store = read(**STORE, CLOUDFLARE_R2_PUBLIC_URL="https://films.example.org/").object_store

    assert store is not None
    assert store.endpoint_url == "https://fakeaccount.r2.cloudflarestorage.com"
    assert (store.bucket, store.public_url) == ("films", "https://films.example.org")
    assert (store.access_key_id, store.secret_access_key) == ("fake-access", "fake-secret")


def test_another_s3_needs_no_account() -> None:
    without = {name: value for name, value in STORE.items() if name != "CLOUDFLARE_R2_ACCOUNT_ID"}
    store = read(**without, CLOUDFLARE_R2_ENDPOINT_URL="http://127.0.0.1:9000").object_store

    assert store is not None
    assert store.endpoint_url == "http://127.0.0.1:9000"


@pytest.mark.parametrize("missing", STORE)
def test_half_an_object_store_is_refused(missing: str) -> None:
    given = {name: value for name, value in STORE.items() if name != missing}

    assert only_fault(**given).startswith(f"{missing}: is missing")


def test_every_missing_part_of_an_object_store_is_named() -> None:
    assert [fault.variable for fault in faults(CLOUDFLARE_R2_PUBLIC_URL="https://films.example.org")] == sorted(STORE)


def test_another_ffmpeg_must_be_a_program(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.touch(0o644)
    assert only_fault(FFMPEG_PATH=str(program)).startswith("FFMPEG_PATH: does not name a program")

    program.chmod(0o755)
    assert read(FFMPEG_PATH=str(program)).ffmpeg_path == program


# Secrets stay out of sight


def test_settings_can_be_printed_without_showing_a_secret() -> None:
    settings = read(**STORE, GEMINI_API_KEYS="studio:fake-canary-a", RUNWAY_API_KEY="fake-canary-b")

    assert settings.secrets() == {TOKEN, "fake-canary-a", "fake-canary-b", "fake-access", "fake-secret"}
    assert not [secret for secret in settings.secrets() if secret in repr(settings)]


# The table, `.env.example` and the reading are one


class Recording(dict[str, str]):
    """A mapping that remembers what it was asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, key: str, default: object = None) -> object:  # type: ignore[override] # wider than dict's overloads
        self.asked.add(key)
        return super().get(key, default)


def test_every_variable_of_the_table_is_read_and_no_other() -> None:
    mapping = Recording({"DISCORD_TOKEN": TOKEN, **STORE, "GEMINI_API_KEY": "fake"})

    Settings.from_environ(mapping)

    named = {name.removesuffix("_FILE") for name in mapping.asked}
    numbered = {name for name, variable in VARIABLES.items() if variable.numbered}  # found by looking at all names
    assert named | numbered == VARIABLES.keys()


def test_the_example_is_drawn_from_the_table() -> None:
    drawn = "run: python -m bot.settings.example > .env.example"

    assert (ROOT / ".env.example").read_text(encoding="utf-8") == env_example(), drawn


def test_the_page_on_configuration_is_drawn_from_the_table() -> None:
    drawn = "run: python -m bot.settings.reference > docs/configuration.md"

    assert (ROOT / "docs/configuration.md").read_text(encoding="utf-8") == configuration(), drawn


def test_every_variable_is_on_the_page_on_configuration() -> None:
    rows = re.findall(r"(?m)^\| `([A-Z][A-Z0-9_]+)`", configuration())

    assert rows == [variable.name for group in GROUPS for variable in group.variables]


def test_the_example_names_every_variable_once_and_explains_it() -> None:
    named = re.findall(r"(?m)^#?([A-Z][A-Z0-9_]+)=\S+$", env_example())

    assert sorted(named) == sorted([*VARIABLES, *(f"{provider.prefix}_API_KEY_2" for provider in PROVIDERS)])
    assert all(variable.means.endswith(".") for variable in VARIABLES.values())


def test_the_example_sets_nothing_but_the_token() -> None:
    assert re.findall(r"(?m)^\w+(?==)", env_example()) == ["DISCORD_TOKEN"]


@pytest.mark.parametrize("title", [group.title for group in GROUPS])
def test_the_examples_are_values_that_would_do(title: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (group,) = [group for group in GROUPS if group.title == title]
    # Of secrets, the example is recognised and refused as such, which is a test of its own.
    theirs = {"FFMPEG_PATH", "GOOGLE_APPLICATION_CREDENTIALS"}  # files, each with tests of its own
    examples = {one.name: one.example for one in group.variables if not one.secret and one.name not in theirs}

    read(**(STORE | examples if "CLOUDFLARE_R2_BUCKET_NAME" in examples else examples))
