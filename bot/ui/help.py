"""`/help`: what one can do here, by task, and which command does it; in private, and only what there is here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import discord
from discord import app_commands, ui

from bot.speech import later, say
from bot.ui.answering import Answer, answer
from bot.ui.card_layout import READY, layout
from bot.ui.command_book import CommandBook, Mentions
from bot.ui.surface import CommandsOnly


@dataclass(frozen=True, slots=True)
class Tip:
    """A line of help: words about a command, shown where there is one of that name; `""` needs none.

    A subcommand is named with what it is of: "admin/status".
    """

    command: str
    words: str


#: Named as a command for what stands in the menu of a message.
_MENU = "menu"

#: By task, what is done most first.
_TASKS: Sequence[tuple[str, Sequence[Tip]]] = (
    (
        later("🎬 Make a film"),
        (
            Tip(
                "plan",
                later("{command} turns an idea or a video into a plan in a thread. **Greenlight** there has it made."),
            ),
            Tip("film", later("{command} goes straight from an idea to a price, for those in a hurry.")),
            Tip("analyze", later("{command} tells what is in a video, and can make one like it.")),
            Tip("voice", later("{command} has a text spoken.")),
            Tip(
                _MENU,
                later("On any message: right-click (or hold) → Apps → **Make a film from this**."),
            ),
        ),
    ),
    (
        later("✏️ Change it"),
        (
            Tip(
                "",
                later(
                    "Say in the film's thread what should be different; nothing is ordered before you greenlight that."
                ),
            ),
            Tip(
                "",
                later(
                    "Below a film: **Shots…** changes one shot, **Run again** all of them; **Vary…** begins another."
                ),
            ),
        ),
    ),
    (
        later("🕓 Watch the line"),
        (
            Tip("queue", later("{command} shows your films in the works, why each waits, and until when.")),
            Tip("cancel", later("{command} takes one out.")),
            Tip("films", later("{command} has all that you made: watch, send again, or delete.")),
            Tip("share", later("{command} invites somebody to the film of this thread.")),
        ),
    ),
    (
        later("💰 Money"),
        (
            Tip("", later("Every price is shown before anything is ordered, and is the most that you pay.")),
            Tip("quota", later("{command} shows what you have spent, and what is left.")),
            Tip("models", later("{command} shows what each model can, and what it costs.")),
        ),
    ),
    (
        later("⚙️ As you like it"),
        (
            Tip(
                "settings",
                later("{command} keeps your usual length, shape, model, voice and language, and how you are told."),
            ),
        ),
    ),
    (
        later("🔐 Privacy and reports"),
        (
            Tip("privacy", later("{command} shows what I keep about you; take it along, or have it deleted.")),
            Tip("", later("**Report…** below a film tells the people in charge that it should not be here.")),
        ),
    ),
)
_FOR_ADMINS = (
    later("🛠️ For those who run this server"),
    (
        Tip("setup", later("{command} chooses channels, roles, and rules for this server.")),
        Tip("admin/queue", later("{command} explains what waits, and cancels it.")),
        Tip("admin/user", later("{command} shows what somebody made here, and blocks them.")),
        Tip("admin/audit", later("{command} tells who did what here.")),
        Tip("admin/diagnose", later("{command} tells why somebody can't use something here.")),
    ),
)
_FOR_OPERATORS = (
    later("🧰 For operators"),
    (
        Tip("admin/status", later("{command}: is all well, and if not, what to do.")),
        Tip("admin/keys", later("{command} looks after the keys.")),
        Tip("admin/pause", later("{command} lets no new film begin, or orders nothing at one service.")),
        Tip("admin/resume", later("{command} goes on.")),
        Tip("admin/budget", later("{command} sets what may be spent.")),
        Tip("admin/limits", later("{command} shows each service's limits, and changes them.")),
        Tip("admin/announce", later("{command} tells every server something.")),
        Tip("admin/sync", later("{command} brings Discord's list of commands up to date.")),
    ),
)


def help_view(
    known: Collection[str], mentions: Mentions, *, is_operator: bool = False, manages: bool = False
) -> ui.LayoutView:
    """All tasks that there are commands for; `known` are their names."""
    tasks = [*_TASKS]
    if manages or is_operator:
        tasks.append(_FOR_ADMINS)
    if is_operator:
        tasks.append(_FOR_OPERATORS)
    parts: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay(say("## 👋 From an idea to a film\n-# Click a command to use it · only you see this")),
        ui.Separator(),
    ]
    for title, tips in tasks:
        lines = [
            "- " + say(tip.words, command=mentions.of(tip.command.replace("/", " ")))
            for tip in tips
            if not tip.command or tip.command in known
        ]
        if lines:
            parts.append(ui.TextDisplay("\n".join([f"**{say(title)}**", *lines])))
    return layout(ui.Container(*parts, accent_colour=READY))


class Help(CommandsOnly):
    """Tells what there is."""

    def __init__(self, book: CommandBook, operators: frozenset[int]) -> None:
        self._book = book
        self._operators = operators
        self._tree: app_commands.CommandTree[discord.Client] | None = None

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        self._tree = tree  # read when it is asked for: others add to it after us

        @tree.command(name="help", description="What you can do here, and how")
        async def helping(interaction: discord.Interaction) -> None:
            async def act() -> Answer:
                view = help_view(
                    self._known(),
                    self._book.mentions(),
                    is_operator=interaction.user.id in self._operators,
                    manages=interaction.guild_id is not None and interaction.permissions.manage_guild,
                )
                return Answer(view=view)

            await answer(interaction, act)

    def _known(self) -> set[str]:
        """Every command and its subcommands, and whether anything stands in the menu of a message."""
        assert self._tree is not None
        commands = {command.qualified_name.replace(" ", "/") for command in self._tree.walk_commands()}
        has_menu = any(self._tree.walk_commands(type=discord.AppCommandType.message))
        return commands | ({_MENU} if has_menu else set())
