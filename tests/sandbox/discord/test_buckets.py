from __future__ import annotations

from sandbox.discord.buckets import OBSERVED, Buckets


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_sixth_message_in_five_seconds_waits_for_the_window() -> None:
    clock = Clock()
    buckets = Buckets(OBSERVED, clock=clock)
    path = "/channels/200000000000000001/messages"
    waits = [buckets.draw("POST", path).retry_after for _ in range(6)]
    clock.now += 5.0
    assert [*waits, buckets.draw("POST", path).retry_after] == [0, 0, 0, 0, 0, 5.0, 0]


def test_channels_have_buckets_of_their_own() -> None:
    buckets = Buckets(OBSERVED, clock=Clock())
    first, second = (f"/channels/20000000000000000{channel}/messages" for channel in (1, 2))
    for _ in range(5):
        buckets.draw("POST", first)
    assert buckets.draw("POST", second).headers["X-RateLimit-Remaining"] == "4"


def test_messages_of_one_channel_share_the_edit_bucket() -> None:
    buckets = Buckets(OBSERVED, clock=Clock())
    paths = [f"/channels/200000000000000001/messages/20000000000000000{message}" for message in (2, 3)]
    hashes = {buckets.draw("PATCH", path).headers["X-RateLimit-Bucket"] for path in paths}
    assert len(hashes) == 1
