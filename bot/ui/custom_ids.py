"""What a button carries: an action and what it is about. Never a right: that is looked up when it is pressed.

gl1:greenlight:<project>:<version>:<price shown>      gl1:cancel:<production>
gl1:take:<project>:<version>:<shot>:<take>
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

PREFIX = "gl1"
_PATTERN = re.compile(r"gl1:([a-z]{1,16}):([0-9a-f]{32})(?::([0-9]{1,4})((?::[0-9]{1,10}){0,2}))?")


class Action(StrEnum):
    GREENLIGHT = "greenlight"  # + the price shown, in micro-dollars; none on cards of older versions of us
    CHANGE = "change"  # opens a modal; the submitted modal carries the same action
    CANCEL = "cancel"
    RESEND = "resend"  # post the end of a production again that could not be posted
    AGAIN = "again"  # a held film: order what went unanswered again,
    WITHOUT = "without"  # finish it without that,
    STOP = "stop"  # or give it up
    APPROVE = "approve"  # let a film into the line whose price needs that,
    DECLINE = "decline"  # or end it unordered
    RETRY = "retry"  # plan a failed film anew
    INSTEAD = "instead"  # a new version of the plan, for another model
    FILMS = "films"  # a page of somebody's films; `ref` is theirs, `version` the page
    FILM = "film"  # one of them
    SEND = "send"  # post it again, in the channel of the press
    DELETE = "delete"  # ask whether it is to be deleted,
    ERASE = "erase"  # and have it deleted
    PRIVACY = "privacy"  # what is kept of somebody; `ref` is theirs
    EXPORT = "export"  # everything of theirs as a file
    FORGET = "forget"  # ask whether everything of theirs is to be deleted,
    ERASEALL = "eraseall"  # and have it deleted
    SHOTS = "shots"  # the shots of a film that was made, to change one
    SHOT = "shot"  # + a shot: its takes
    ANOTHER = "another"  # + a shot: a new version of the plan, with another take of it,
    TAKE = "take"  # + a shot and a take: or with one that is kept
    # Safety and a server's own rules.
    OFAGE = "ofage"  # somebody says that they are old enough; `ref` is theirs, `version` 1 where a command waits
    # Of `/settings`: `ref` is whose they are.
    PREFER = "prefer"  # `version` is which of them, in a menu or of a switch
    NARRATOR = "narrator"  # opens a form for a voice; the submitted form carries the same action
    UNPREFER = "unprefer"  # everything as it was at first
    # Of `/queue`: `ref` is whose films stand there.
    QUEUE = "queue"  # look again
    LEAVE = "leave"  # a menu: cancel the film that is chosen
    SETUP = "setup"  # a page of a server's settings; `ref` is the server's, `version` the page
    SETUPSET = "setupset"  # set something; `version` says what
    SETROLE = "setrole"  # the form with a role's rule; `ref` is the role's, a server's own for everybody
    SETWORDS = "setwords"  # the form with a server's blocked words
    # Of `/models`: `version` is the page.
    MODELS = "models"
    MODEL = "modelfacts"  # a menu: show all of the one that is chosen
    # Of a film, on its cards and its message.
    DM = "dm"  # tell me in a DM, too, when it is done, or do not
    ANEW = "anew"  # plan every shot of it once more
    VARY = "vary"  # opens a form with its idea; the submitted form, which carries the same action, is a film of its own
    SOFTEN = "soften"  # a new version of the plan, with safer words for the shots that a policy refused
    REPORT = "report"  # of a film: opens a form; the submitted form carries the same action
    HIDE = "hide"  # of a report: withdraw the film,
    LIFT = "lift"  # or show again one that was hidden
    DISMISS = "dismiss"  # let it be,
    BLOCKUSER = "blockuser"  # or keep its owner out

    # `/admin`: those who run the bot, or a server. `ref` of keys and services is drawn from their names.
    OPSTATUS = "opstatus"  # how the bot stands
    OPPAUSE = "oppause"  # pause all new films,
    OPRESUME = "opresume"  # or go on
    OPKEYS = "opkeys"  # all keys; `version` is the page
    OPKEY = "opkey"  # one of them
    OPKEYADD = "opkeyadd"  # opens a form to add one to a service; the submitted form carries the same action
    OPKEYPAUSE = "opkeypause"
    OPKEYRESUME = "opkeyresume"
    OPKEYTEST = "opkeytest"
    OPKEYRETIRE = "opkeyretire"  # ask whether to retire it,
    OPKEYGONE = "opkeygone"  # and do
    OPLINE = "opline"  # the line of films; `version` is the page
    OPJOB = "opjob"  # one of them, explained
    OPFRONT = "opfront"  # before all others,
    OPBACK = "opback"  # behind them,
    OPFAIR = "opfair"  # or where its owner's turn is
    OPSTOP = "opstop"  # end it
    OPUSER = "opuser"  # a person: spend, films, blocks
    OPBLOCK = "opblock"  # opens a form to keep them out: `version` 1 of this server, 2 everywhere
    OPUNBLOCK = "opunblock"  # likewise
    OPQUOTA = "opquota"  # opens a form with what they may spend in a day
    OPBUDGET = "opbudget"  # what may be spent
    OPCAP = "opcap"  # opens a form to change one cap: `version` says which
    OPLIMITS = "oplimits"  # what accounts may do; `version` is the page
    OPLIMIT = "oplimit"  # one account, or every one of a service
    OPLIMITSET = "oplimitset"  # a menu of what can be changed there, which opens a form; the submitted form likewise
    OPLIMITUNDO = "oplimitundo"  # let the settings hold again there
    OPAUDIT = "opaudit"  # who did what; `version` is the page
    OPBOOK = "opbook"  # the whole of it as a file
    OPTELL = "optell"  # a form with what to tell everybody
    OPTELLNOW = "optellnow"  # have a draft of that sent,
    OPTELLNOT = "optellnot"  # or dropped
    # between the versions of a plan; each carries the version that it was shown for
    READ = "read"  # + a page, and the place of the button: every word of a plan, in private
    UNDO = "undo"  # a new version, equal to the one before the last change,
    BACK = "back"  # + a version: or to that one
    COMPARE = "compare"  # + the version to compare with, and the place of the menu that chose it
    FORK = "fork"  # ask whether a film of one's own shall begin with this version,
    FORKIT = "forkit"  # and have it begun
    # who takes part in a film
    PEOPLE = "people"  # who does; the owner invites and removes there
    INVITE = "invite"  # a menu of people: the chosen one is to have a role, or another
    ROLE = "role"  # a menu of roles for one person, or none any more
    WITHDRAW = "withdraw"  # whoever was invited goes
    # Ways in.
    LIKE = "like"  # opens a form: a film like the video of an analysis; the submitted form carries the same action
    ASK = "ask"  # opens a form: a further question about that video; and so does this one
    FILMOF = "filmof"  # a submitted form: a film from a message that was chosen in a menu; `ref` is the pick
    LOOKAT = "lookat"  # a submitted form: an analysis of such a message's video
    STORYBOARD = "storyboard"  # + the price shown: draw the stills of a plan that are not there
    FROMSTILL = "fromstill"  # + a shot: have it start from its still
    WATCH = "watch"  # the finished shots of a film that is being made, or was not finished
    DETAILS = "details"  # a film's prompts and settings
    DRAFT = "draft"  # + the price shown: make a plan's film in its model's small size


#: Numbers that come behind the version; no other action has any.
_NUMBERS = {
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
    Action.PREFER: (0, 1),
}


@dataclass(frozen=True, slots=True)
class CustomId:
    """`ref` is a project's, production's or person's id, `version` a plan's or a page, `numbers` the action's own."""

    action: Action
    ref: str
    version: int | None = None
    numbers: tuple[int, ...] = ()

    def __str__(self) -> str:
        version = () if self.version is None else (self.version, *self.numbers)
        return ":".join([PREFIX, self.action, self.ref, *map(str, version)])

    @classmethod
    def parse(cls, text: str) -> CustomId | None:
        """`None` for anything we did not write, or no longer understand."""
        found = _PATTERN.fullmatch(text)
        if found is None or found.group(1) not in set(Action):
            return None
        action = Action(found.group(1))
        version = int(found.group(3)) if found.group(3) else None
        numbers = tuple(int(number) for number in (found.group(4) or "").split(":")[1:])
        if len(numbers) not in _NUMBERS.get(action, (0,)):
            return None
        return cls(action, found.group(2), version, numbers)
