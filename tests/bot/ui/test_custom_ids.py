"""What buttons carry, and what anybody may send in its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ui.custom_ids import Action, CustomId

REFS = st.text("0123456789abcdef", min_size=32, max_size=32)
REF = "0" * 32


NUMBERS = {
    Action.GREENLIGHT: (0, 1),
    Action.SHOT: (1,),
    Action.ANOTHER: (1,),
    Action.TAKE: (2,),
    Action.READ: (1, 2),
    Action.BACK: (1,),
    Action.COMPARE: (1, 2),
    Action.STORYBOARD: (1,),
    Action.FROMSTILL: (1,),
    Action.DRAFT: (1,),
}


@st.composite
def custom_ids(draw: st.DrawFn) -> CustomId:
    action, ref = draw(st.sampled_from(Action)), draw(REFS)
    count = draw(st.sampled_from(NUMBERS.get(action, (0,))))
    version = draw(st.integers(0, 9999) if count else st.none() | st.integers(0, 9999))
    numbers = tuple(draw(st.integers(0, 9_999_999_999)) for _ in range(count))
    return CustomId(action, ref, version, numbers)


@given(custom_ids())
def test_what_is_written_is_read_back_within_discords_length(custom_id: CustomId) -> None:
    assert CustomId.parse(str(custom_id)) == custom_id
    assert len(str(custom_id)) <= 100


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gl1",
        f"gl0:cancel:{REF}",
        f"gl1:pay:{REF}",
        f"gl1:cancel:{REF}:",
        f"gl1:cancel:{REF}:12345",
        f"gl1:cancel:{REF}:-1",
        f"gl1:cancel:{REF}:1:1",
        f"gl1:greenlight:{REF}:1:12345678901",
        f"gl1:greenlight:{REF}:1:1:1",
        f"gl1:take:{REF}:1:1",
        f"gl1:take:{REF}:1:1:1:1",
        f"gl1:shot:{REF}",
        f"gl1:cancel:{REF}\n",
        f" gl1:cancel:{REF}",
        f"gl1:CANCEL:{REF}",
        f"gl1:cancel:{REF[:-1]}",
        f"gl1:cancel:{REF}0",
        f"gl1:cancel:{'A' * 32}",
        f"gl1:greenlight:{REF}:١",
        "gl1:cancel:' OR 1=1 --",
        "gl1:cancel:../../etc/passwd",
    ],
)
def test_what_we_did_not_write_is_nothing(text: str) -> None:
    assert CustomId.parse(text) is None


@given(st.text())
def test_nothing_anybody_sends_breaks_reading(text: str) -> None:
    assert CustomId.parse(text) is None
