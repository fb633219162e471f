"""Puts together what draws storyboards: rows, orders, and the buttons and cards on top."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.db import Database
from bot.jobs.ledger import Ledger
from bot.jobs.wake import Wake
from bot.media.ffmpeg import Ffmpeg
from bot.production.booth import Booth
from bot.production.illustrator import Claim, Easel, Illustrator
from bot.production.productions import Productions
from bot.production.reports import Reports
from bot.production.storyboards import Storyboards
from bot.production.switches import Switches
from bot.production.write_offs import WriteOffs
from bot.storage.files import Files
from bot.studio.budget import Budgets
from bot.studio.projects import Projects
from bot.ui.card_rows import CardRows
from bot.ui.desk import Desk
from bot.ui.extras import FilmExtras
from bot.ui.storyboard_surface import StoryboardSurface
from bot.ui.storyboarding import Storyboarding
from providers.catalogue import Catalogue
from providers.registry import Providers
from ratelimit import KeyPool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    illustrator: Illustrator
    surface: StoryboardSurface
    extras: FilmExtras
    storyboards: Storyboards


def easels_of(
    catalogue: Catalogue,
    providers: Providers,
    pools: Mapping[str, KeyPool],
    ledger: Ledger,
    switches: Switches,
    write_offs: WriteOffs,
) -> dict[str, Easel]:
    """Who draws stills here. Who asks for a storyboard waits for it, so a paused service draws none."""
    return {
        name: Easel(
            provider=stills,
            booth=Booth(pools[name], ledger, switches=switches, waits=False, write_offs=write_offs),
        )
        for name, stills in providers.stills.items()
        if catalogue.image_models({name})
    }


def drawing_of(
    easels: Mapping[str, Easel],
    *,
    database: Database,
    budgets: Budgets,
    ledger: Ledger,
    changed: Wake,
    claim: Claim,
    desk: Desk,
    projects: Projects,
    productions: Productions,
    catalogue: Catalogue,
    rows: CardRows,
    files: Files,
    ffmpeg: Ffmpeg,
    switches: Switches,
    reports: Reports,
    hears_all: Callable[[], bool],
) -> Drawing:
    storyboards = Storyboards(database, changed, budgets=budgets)
    storyboarding = Storyboarding(
        desk=desk,
        projects=projects,
        storyboards=storyboards,
        catalogue=catalogue,
        providers=easels.keys(),
        files=files,
        changed=changed,
    )
    return Drawing(
        illustrator=Illustrator(
            storyboards=storyboards,
            easels=easels,
            ledger=ledger,
            ffmpeg=ffmpeg,
            files=files,
            claim=claim,
            switches=switches,
        ),
        surface=StoryboardSurface(storyboarding, rows),
        extras=FilmExtras(
            rows=rows,
            projects=projects,
            productions=productions,
            storyboards=storyboards,
            storyboarding=storyboarding,
            desk=desk,
            catalogue=catalogue,
            files=files,
            reports=reports,
            hears_all=hears_all,
        ),
        storyboards=storyboards,
    )
