"""A SQLite file is copied while another process writes to it: whole, at one moment, and never checkpointed by us."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.db.snapshot import DatabaseDamaged, is_damage, quick_check, read_only, schema_of, snapshot

#: Moves money between two accounts in every transaction, checkpoints often, and says so after each hundred.
WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode=WAL")
connection.execute("PRAGMA wal_autocheckpoint=10")
number = 0
while True:
    number += 1
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE accounts SET money = money - 1 WHERE name = 'a'")
    connection.execute("INSERT INTO moves (padding) VALUES (?)", ("x" * 500,))
    connection.execute("UPDATE accounts SET money = money + 1 WHERE name = 'b'")
    connection.execute("COMMIT")
    if number % 100 == 0:
        print(number, flush=True)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "bot.db"
    with closing(sqlite3.connect(made)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE accounts (name TEXT PRIMARY KEY, money INTEGER)")
        connection.execute("CREATE TABLE moves (id INTEGER PRIMARY KEY, padding TEXT)")
        connection.execute("INSERT INTO accounts VALUES ('a', 0), ('b', 0)")
    return made


@contextmanager
def writing(file: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has written a hundred transactions and goes on."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def told(file: Path) -> tuple[int, int]:
    """The money of both accounts together, and how many moves there were; the file holds together."""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (money,) = connection.execute("SELECT sum(money) FROM accounts").fetchone()
        (moves,) = connection.execute("SELECT count(*) FROM moves").fetchone()
        (paid,) = connection.execute("SELECT money FROM accounts WHERE name = 'b'").fetchone()
    assert paid == moves
    return money, moves


def test_copies_under_writes_are_whole_and_later_ones_hold_more(file: Path, tmp_path: Path) -> None:
    with writing(file) as process:
        found = []
        for number in range(5):
            snapshot(file, tmp_path / f"copy-{number}.db")
            found.append(told(tmp_path / f"copy-{number}.db"))
            assert process.stdout is not None
            process.stdout.readline()  # a hundred more
    assert [money for money, _ in found] == [0] * 5
    moves = [count for _, count in found]
    assert moves == sorted(set(moves))
    assert told(file)[0] == 0


def test_neither_a_look_nor_a_copy_checkpoints_even_as_the_last_to_close(file: Path, tmp_path: Path) -> None:
    wal = file.with_name(file.name + "-wal")
    with writing(file) as process:
        process.send_signal(signal.SIGKILL)
    before = (file.read_bytes(), wal.read_bytes())
    assert before[1], "the killed writer has left nothing to checkpoint"

    snapshot(file, tmp_path / "copy.db")
    quick_check(file)
    schema_of(file)

    assert (file.read_bytes(), wal.read_bytes()) == before
    assert told(tmp_path / "copy.db") == told(file)


def test_nothing_can_be_written_through_a_look(file: Path) -> None:
    with read_only(file) as connection:
        for words in ("INSERT INTO moves (padding) VALUES ('x')", "PRAGMA wal_checkpoint(TRUNCATE)"):
            if words.startswith("PRAGMA"):
                connection.execute(words)  # says that it did nothing
            else:
                with pytest.raises(sqlite3.OperationalError, match="readonly"):
                    connection.execute(words)
    assert told(file) == (0, 0)


def test_what_was_deleted_is_not_in_the_copy(file: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO moves (padding) VALUES ('a private idea')")
        connection.execute("DELETE FROM moves")
    snapshot(file, tmp_path / "copy.db")
    assert b"a private idea" not in (tmp_path / "copy.db").read_bytes()


def test_damage_is_found_and_named(file: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany("INSERT INTO moves (padding) VALUES (?)", [("x" * 500,)] * 500)
    size = file.stat().st_size
    with file.open("r+b") as raw:
        raw.seek(size // 2)
        raw.write(b"\xff" * 8192)
    with pytest.raises(DatabaseDamaged) as damaged:
        quick_check(file)
    assert damaged.value.file == file
    with pytest.raises(DatabaseDamaged):
        snapshot(file, tmp_path / "copy.db")


def test_what_is_no_database_is_damaged_and_what_is_not_there_is_not(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database, whatever its name says" * 100)
    for look in (quick_check, schema_of):
        with pytest.raises(DatabaseDamaged):
            look(tmp_path / "text")
    with pytest.raises(FileNotFoundError):
        quick_check(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_a_check_that_takes_too_long_is_given_up(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany("INSERT INTO moves (padding) VALUES (?)", [("x" * 500,)] * 20_000)
    assert quick_check(file) is True
    assert quick_check(file, within=-1.0) is False


def test_other_errors_are_no_damage() -> None:
    assert not is_damage(None)
    assert not is_damage(ValueError("malformed"))
