"""What roles in a film are called."""

from __future__ import annotations

from bot.speech import later
from bot.studio.rights import Role

ROLE_NAMES = {
    Role.DIRECTOR: later("director"),
    Role.APPROVER: later("approver"),
    Role.VIEWER: later("viewer"),
}
