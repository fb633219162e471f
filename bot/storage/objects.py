"""An object store that speaks S3 (Cloudflare R2, or another by its endpoint), through boto3 in threads of its own."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from bot.storage.errors import ObjectMissing, StorageError, StoreMisconfigured, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import LifecycleRuleTypeDef

P = ParamSpec("P")
T = TypeVar("T")

PRESIGNED_MAX = 7 * 24 * 3600  # seconds; SigV4's own limit, R2 says the same (docs read 2026-11)
PART_BYTES = 16 << 20  # parts are equal but the last, 5 MiB at least: R2 asks for both

_PIECE = 1 << 20  # bytes read at once

_OUR_RULES = "greenlight-"  # how the names of our lifecycle rules begin
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,511}")
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
_MISSING = {"404", "NoSuchKey", "NotFound"}
# What no later try will change; everything else (SlowDown, InternalError, 5xx) passes.
_OURS_TO_MEND = {
    "403",
    "AccessDenied",
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidBucketName",
    "NoSuchBucket",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "Unauthorized",
}


class ObjectStore:
    """One bucket.

    Args:
        endpoint_url: of the service; for R2 `https://<account>.r2.cloudflarestorage.com`.
        access_key_id: its id.
        secret_access_key: its secret; never logged.
        bucket: exists already.
        public_url: where the bucket is read without a signature; `None` where it is not.
        region: R2 wants `auto`.
        threads: transfers at once; a large upload uses up to four more inside boto3.
    """

    def __init__(
        self,
        *,
        endpoint_url: str,
        access_key_id: str,
        secret_access_key: str,
        bucket: str,
        public_url: str | None = None,
        region: str = "auto",
        threads: int = 4,
    ) -> None:
        self._bucket = bucket
        self._public_url = public_url
        self._client = _make_client(endpoint_url, access_key_id, secret_access_key, region)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="objects")

    async def put(self, file: Path, key: str, *, content_type: str = "video/mp4", sha256: str | None = None) -> None:
        """Store a file; the object is seen only when it is complete, and its size is checked afterwards.

        When cancelled, a transfer under way goes on in its thread; storing again is harmless. An upload that dies in
        the middle leaves parts behind that the bucket's lifecycle rule removes.

        Args:
            file: on disk.
            key: of ids of ours, `films/<production>/film.mp4`.
            content_type: of the object.
            sha256: of the content, kept as metadata for later checks.
        """
        _check_key(key)
        await self._run(self._put, file, key, content_type, sha256)

    async def get(self, key: str, file: Path) -> None:
        """Write an object to a file and check it against the size and the hash it was stored with.

        Raises:
            ObjectMissing: there is none.
            StoreUnavailable: it did not come, or came as another; the file holds rubbish then.
        """
        _check_key(key)
        await self._run(self._get, key, file)

    async def names(self, prefix: str) -> frozenset[str]:
        """What follows the prefix in the keys that begin so."""
        _check_key(prefix)
        return frozenset(await self._run(self._names, prefix))

    async def remove_all(self, prefix: str) -> None:
        """Remove every object whose key begins so; none is fine."""
        _check_key(prefix)
        await self._run(self._remove_all, prefix)

    @property
    def is_public(self) -> bool:
        """Whether objects are read without a signature."""
        return self._public_url is not None

    def public_address(self, key: str) -> str | None:
        """An address that anybody may read as long as the object is there; `None` where links must be signed."""
        _check_key(key)
        return None if self._public_url is None else f"{self._public_url.rstrip('/')}/{key}"

    async def address(self, key: str, *, expires_in: int, filename: str) -> str:
        """A signed address under which anybody may download the object for `expires_in` seconds (at most seven days).

        `filename` is what the browser calls the download; ours, plain ASCII.
        """
        _check_key(key)
        if not 0 < expires_in <= PRESIGNED_MAX:
            raise ValueError("an address lasts between a second and seven days")
        if not _FILENAME.fullmatch(filename):
            raise ValueError("not a plain file name")
        return await self._run(
            self._client.generate_presigned_url,
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentDisposition": f'attachment; filename="{filename}"',
            },
            ExpiresIn=expires_in,
        )

    async def size(self, key: str) -> int:
        """Bytes of an object. Raises `ObjectMissing`."""
        _check_key(key)
        return await self._run(self._size, key)

    async def remove(self, key: str) -> None:
        """Remove an object; none is fine."""
        _check_key(key)
        await self._run(partial(self._client.delete_object, Bucket=self._bucket, Key=key))

    async def tidy(self, *, prefix: str, expire_after_days: int | None) -> None:
        """Have the bucket itself remove what nobody needs any more: uploads that died in the middle, after a day.

        Other rules of the bucket stay as they are. `expire_after_days` removes objects under `prefix` so long after
        they came, `None` never. Raises `StorageError`; a token may store objects and yet not change rules.
        """
        await self._run(self._tidy, prefix, expire_after_days)

    async def close(self) -> None:
        """Wait for transfers under way, then close the connections."""
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
        self._client.close()

    async def _run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(_translated, call, *args, **kwargs))

    def _put(self, file: Path, key: str, content_type: str, sha256: str | None) -> None:
        from boto3.s3.transfer import TransferConfig

        transfer = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=4)
        extra: dict[str, object] = {"ContentType": content_type}
        if sha256 is not None:
            extra["Metadata"] = {"sha256": sha256}
        self._client.upload_file(str(file), self._bucket, key, ExtraArgs=extra, Config=transfer)
        if self._size(key) != file.stat().st_size:
            raise StoreUnavailable("the stored object has another size than the file")

    def _get(self, key: str, file: Path) -> None:
        found = self._client.get_object(Bucket=self._bucket, Key=key)
        sha256 = hashlib.sha256()
        size = 0
        with file.open("wb") as out:
            for piece in found["Body"].iter_chunks(_PIECE):
                out.write(piece)
                sha256.update(piece)
                size += len(piece)
            out.flush()
            os.fsync(out.fileno())
        told = found["Metadata"].get("sha256")
        if size != found["ContentLength"] or (told is not None and told != sha256.hexdigest()):
            raise StoreUnavailable("the object came as another than the one that was stored")

    def _names(self, prefix: str) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        return [found["Key"].removeprefix(prefix) for page in pages for found in page.get("Contents", [])]

    def _remove_all(self, prefix: str) -> None:
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                self._client.delete_object(Bucket=self._bucket, Key=found["Key"])

    def _tidy(self, prefix: str, expire_after_days: int | None) -> None:
        from botocore.exceptions import ClientError

        try:
            found = self._client.get_bucket_lifecycle_configuration(Bucket=self._bucket).get("Rules", [])
        except ClientError as refused:
            if refused.response.get("Error", {}).get("Code") != "NoSuchLifecycleConfiguration":
                raise
            found = []
        wanted: list[LifecycleRuleTypeDef] = [
            {
                "ID": f"{_OUR_RULES}unfinished",
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            }
        ]
        if expire_after_days is not None:
            wanted.append(
                {
                    "ID": f"{_OUR_RULES}expired",
                    "Status": "Enabled",
                    "Filter": {"Prefix": prefix},
                    "Expiration": {"Days": expire_after_days},
                }
            )
        theirs = [rule for rule in found if not rule.get("ID", "").startswith(_OUR_RULES)]
        if [rule for rule in found if rule not in theirs] != wanted:
            self._client.put_bucket_lifecycle_configuration(
                Bucket=self._bucket, LifecycleConfiguration={"Rules": [*theirs, *wanted]}
            )

    def _size(self, key: str) -> int:
        return self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"]


def _make_client(endpoint_url: str, access_key_id: str, secret_access_key: str, region: str) -> S3Client:
    import boto3
    import botocore.session
    from botocore.config import Config

    # A session that asks neither AWS_* variables for profiles nor ~/.aws for anything.
    core = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    config = Config(
        signature_version="s3v4",
        # Storing is idempotent and free of charge, and boto3 alone can repeat one part of a large upload: the one SDK
        # whose retries stay on.
        retries={"total_max_attempts": 3, "mode": "standard"},
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=20,
        proxies={},
        # By default boto3 sends an aws-chunked trailer over https, which R2 is not known to take (2026-11).
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.session.Session(botocore_session=core).client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=region,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        config=config,
    )


def _check_key(key: str) -> None:
    if not _KEY.fullmatch(key) or ".." in key:
        raise ValueError("not a key of ours")


def _translated(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run in the thread; what boto3 raises becomes ours."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call(*args, **kwargs)
    except ClientError as refused:
        raise _judge(refused.response.get("Error", {}).get("Code", "unknown")) from None
    except Boto3Error as failed:  # an upload wraps the ClientError
        cause = failed.__context__
        if isinstance(cause, ClientError):
            raise _judge(cause.response.get("Error", {}).get("Code", "unknown")) from None
        raise StoreUnavailable(type(failed).__name__) from None
    except BotoCoreError as failed:  # its text may hold the address
        raise StoreUnavailable(type(failed).__name__) from None


def _judge(code: str) -> StorageError:
    if code in _MISSING:
        return ObjectMissing(code)
    return StoreMisconfigured(code) if code in _OURS_TO_MEND else StoreUnavailable(code)
