from __future__ import annotations

import asyncio
import os
import socket
import urllib.request
from collections.abc import AsyncIterator, Iterator
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from moto.server import ThreadedMotoServer

from bot.storage.errors import ObjectMissing, StoreMisconfigured, StoreUnavailable
from bot.storage.objects import PART_BYTES, ObjectStore

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import LifecycleRuleTypeDef


def open_store(endpoint: str, bucket: str = "films") -> ObjectStore:
    return ObjectStore(endpoint_url=endpoint, access_key_id="fake-id", secret_access_key="fake-secret", bucket=bucket)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    admin = boto3.client(
        "s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id="fake", aws_secret_access_key="fake"
    )
    admin.create_bucket(Bucket="films")
    admin.close()
    yield address
    server.stop()


@pytest.fixture
async def store(endpoint: str) -> AsyncIterator[ObjectStore]:
    opened = open_store(endpoint)
    yield opened
    await opened.close()


def fetched(address: str) -> tuple[bytes, Message]:
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - the test's own server
        return answer.read(), answer.headers


async def test_a_stored_film_is_fetched_by_its_signed_address(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"a small film")
    await store.put(tmp_path / "film.mp4", "films/p1/film.mp4", sha256="0" * 64)

    address = await store.address("films/p1/film.mp4", expires_in=3600, filename="greenlight.mp4")

    body, headers = await asyncio.to_thread(fetched, address)
    assert body == b"a small film"
    assert headers["Content-Type"] == "video/mp4"
    assert headers["Content-Disposition"] == 'attachment; filename="greenlight.mp4"'
    assert headers["x-amz-meta-sha256"] == "0" * 64
    assert "X-Amz-Expires=3600" in address
    assert "fake-secret" not in address


async def test_a_large_film_goes_in_parts_and_arrives_whole(store: ObjectStore, tmp_path: Path) -> None:
    content = os.urandom(1 << 20) * (PART_BYTES // (1 << 20)) + b"and a bit"
    (tmp_path / "film.mp4").write_bytes(content)

    await store.put(tmp_path / "film.mp4", "films/p2/film.mp4")

    address = await store.address("films/p2/film.mp4", expires_in=60, filename="film.mp4")
    assert (await asyncio.to_thread(fetched, address))[0] == content
    assert await store.size("films/p2/film.mp4") == len(content)


async def test_a_removed_object_is_missing_and_removing_none_is_fine(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"x")
    await store.put(tmp_path / "film.mp4", "films/p3/film.mp4")

    await store.remove("films/p3/film.mp4")
    await store.remove("films/p3/film.mp4")

    with pytest.raises(ObjectMissing):
        await store.size("films/p3/film.mp4")


async def test_everything_under_a_name_is_removed_and_nothing_beside_it(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"x")
    for key in ("films/p4/1.mp4", "films/p4/2.mp4", "films/p44/1.mp4"):
        await store.put(tmp_path / "film.mp4", key)

    for _ in range(2):  # none is fine
        await store.remove_all("films/p4/")

    for key in ("films/p4/1.mp4", "films/p4/2.mp4"):
        with pytest.raises(ObjectMissing):
            await store.size(key)
    assert await store.size("films/p44/1.mp4") == 1


async def test_a_bucket_that_does_not_exist_is_for_the_operator(endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"x")
    astray = open_store(endpoint, "nowhere")

    with pytest.raises(StoreMisconfigured, match="NoSuchBucket"):
        await astray.put(tmp_path / "film.mp4", "films/p1/film.mp4")
    await astray.close()


@pytest.mark.parametrize("key", ["", "/film.mp4", "a/../b.mp4", "a b.mp4", "ü.mp4", "x" * 600])
async def test_a_key_that_is_none_of_ours_is_refused(store: ObjectStore, key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        await store.size(key)


@pytest.mark.parametrize(
    ("expires_in", "filename"), [(0, "film.mp4"), (8 * 24 * 3600, "film.mp4"), (60, 'a".mp4'), (60, "a\r\nb.mp4")]
)
async def test_an_address_lasts_a_week_at_most_and_names_a_plain_file(
    store: ObjectStore, expires_in: int, filename: str
) -> None:
    with pytest.raises(ValueError, match=r"seven days|file name"):
        await store.address("films/p1/film.mp4", expires_in=expires_in, filename=filename)


async def test_a_store_that_is_down_is_unavailable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    down = open_store(f"http://127.0.0.1:{port}")

    with pytest.raises(StoreUnavailable, match="EndpointConnectionError"):
        await down.size("films/p1/film.mp4")
    await down.close()


class Nothing:
    """The body of an answer that never came over a wire."""

    def stream(self) -> Iterator[bytes]:
        yield b""


async def test_over_https_nothing_is_sent_that_r2_might_not_take(tmp_path: Path) -> None:
    """boto3 sends its checksum trailer over https only, so the request is caught on its way out."""
    (tmp_path / "film.mp4").write_bytes(b"x" * 100)
    store = open_store("https://account.r2.example")
    sent: list[AWSPreparedRequest] = []

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, HTTPHeaders.from_dict({"Content-Length": "100"}), raw=Nothing())

    events: Any = store._client.meta.events  # its stubs deny that a handler may answer
    events.register("before-send.s3", answer)

    await store.put(tmp_path / "film.mp4", "films/p1/film.mp4")

    put = sent[0]
    assert put.method == "PUT"
    headers = {name.lower(): str(value).lower() for name, value in put.headers.items()}
    assert "x-amz-trailer" not in headers
    assert "aws-chunked" not in headers.get("content-encoding", "")
    assert "trailer" not in headers["x-amz-content-sha256"]
    await store.close()


async def test_nothing_of_the_machine_s_aws_settings_is_used(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "film.mp4").write_bytes(b"x")
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.setenv(name, "somebody")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_supported")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "film.mp4"))

    store = open_store(endpoint)

    await store.put(tmp_path / "film.mp4", "films/p4/film.mp4")
    config: Any = store._client.meta.config  # its options are set by name and unknown to the stubs
    assert config.request_checksum_calculation == "when_required"
    await store.close()


async def test_a_bucket_with_a_public_address_needs_no_signature(store: ObjectStore, endpoint: str) -> None:
    public = ObjectStore(
        endpoint_url=endpoint,
        access_key_id="fake-id",
        secret_access_key="fake-secret",
        bucket="films",
        public_url="https://films.example.org/",
    )
    try:
        assert store.public_address("films/a.mp4") is None
        assert public.public_address("films/a.mp4") == "https://films.example.org/films/a.mp4"
    finally:
        await public.close()


async def test_the_bucket_is_told_to_tidy_up_and_keeps_the_operators_own_rules(
    store: ObjectStore, endpoint: str
) -> None:
    theirs: LifecycleRuleTypeDef = {
        "ID": "theirs",
        "Status": "Enabled",
        "Filter": {"Prefix": "backups/"},
        "Expiration": {"Days": 90},
    }
    client = store._client
    await asyncio.to_thread(
        client.put_bucket_lifecycle_configuration,
        Bucket=store._bucket,
        LifecycleConfiguration={"Rules": [theirs]},
    )

    await store.tidy(prefix="films/", expire_after_days=8)
    await store.tidy(prefix="films/", expire_after_days=9)

    found = await asyncio.to_thread(client.get_bucket_lifecycle_configuration, Bucket=store._bucket)
    rules = {rule["ID"]: rule for rule in found["Rules"]}
    assert set(rules) == {"theirs", "greenlight-unfinished", "greenlight-expired"}
    assert rules["greenlight-unfinished"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 1
    assert rules["greenlight-expired"]["Expiration"]["Days"] == 9


async def test_a_bucket_without_rules_gets_ours(store: ObjectStore) -> None:
    await store.tidy(prefix="films/", expire_after_days=None)

    found = await asyncio.to_thread(store._client.get_bucket_lifecycle_configuration, Bucket=store._bucket)
    assert "greenlight-unfinished" in {rule["ID"] for rule in found["Rules"]}
