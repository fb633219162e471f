"""What people come in by: `/plan`, a question about a video, a film in a hurry, and the menu of a message."""

from __future__ import annotations

from bot.db import Database
from bot.jobs.wake import Wake
from bot.studio.budget import Budgets
from bot.studio.inquiries import Inquiries
from bot.studio.picks import Picks
from bot.studio.projects import Projects
from bot.ui.analyzing import Analyzing
from bot.ui.commands.film import FilmCommand
from bot.ui.commands.plan import PlanCommand
from bot.ui.desk import Desk
from bot.ui.message_menus import MessageMenus
from bot.ui.surface import Surface


def ways_in(database: Database, projects: Projects, budgets: Budgets, desk: Desk, changed: Wake) -> list[Surface]:
    analyzing = Analyzing(Inquiries(projects, budgets, changed), desk.ratios)
    return [PlanCommand(desk), analyzing, FilmCommand(projects, desk), MessageMenus(Picks(database), analyzing)]
