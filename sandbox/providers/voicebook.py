"""Who can speak at the sandbox's ElevenLabs: the voices of three of its own samples, and a cast of invented ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

#: The voices that ElevenLabs' samples use, under their real ids.
_KNOWN = {
    "JBFqnCBsd6RMkjVDRZzb": "George, male, middle_aged, british, en, narrative_story, warm",
    "21m00Tcm4TlvDq8ikWAM": "Rachel, female, young, american, en, conversational, calm",
    "pNInz6obpgDQGcFmaJgB": "Adam, male, middle_aged, american, en, social_media, dominant",
}
_CAST = """
Ada, female, young, irish, en, characters_animation, bright
Amadou, male, middle_aged, french, fr, narrative_story, gravelly
Anouk, female, young, parisian, fr, conversational, airy
Beatriz, female, middle_aged, brazilian, pt, informative_educational, clear
Bruno, male, old, italian, it, characters_animation, raspy
Casper, male, young, dutch, nl, social_media, upbeat
Chiyo, female, old, standard, ja, narrative_story, gentle
Clement, male, young, belgian, fr, advertisement, smooth
Dalia, female, middle_aged, mexican, es, narrative_story, warm
Edmund, male, old, british, en, narrative_story, wise
Elif, female, young, istanbul, tr, conversational, friendly
Farid, male, middle_aged, moroccan, ar, informative_educational, deep
Greta, female, middle_aged, northern, de, informative_educational, crisp
Hanna, female, young, standard, de, social_media, lively
Hugo, male, young, madrid, es, advertisement, confident
Ines, female, young, peninsular, es, conversational, soft
Jonas, male, young, swedish, en, conversational, relaxed
Kaito, male, young, standard, ja, characters_animation, energetic
Leila, female, middle_aged, british, en, informative_educational, poised
Magnus, male, old, norwegian, en, narrative_story, rumbling
Mei, female, young, beijing, zh, conversational, sweet
Nadia, female, middle_aged, ukrainian, uk, narrative_story, tender
Oswald, male, old, american, en, characters_animation, grumpy
Priya, female, young, indian, en, informative_educational, articulate
Rafael, male, middle_aged, brazilian, pt, narrative_story, velvety
Saoirse, female, young, irish, en, narrative_story, whispering
Tobias, male, middle_aged, austrian, de, narrative_story, calm
Uma, female, middle_aged, indian, hi, conversational, expressive
Viktor, male, old, polish, pl, characters_animation, menacing
Wren, non-binary, young, american, en, social_media, dreamy
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """One voice. `labels` as ElevenLabs names them."""

    id: str
    name: str
    category: str
    labels: dict[str, str]

    @property
    def words(self) -> str:
        """What a search looks into: name, labels and category."""
        return " ".join([self.name, *self.labels.values(), self.category]).lower()


def _read() -> Iterator[Speaker]:
    lines = [line for line in _CAST.splitlines() if line]
    invented = {hashlib.sha256(line.encode()).hexdigest()[:20]: line for line in lines}
    for category, book in (("premade", _KNOWN), ("professional", invented)):
        for identity, line in book.items():
            name, *labels = line.split(", ")
            names = ("gender", "age", "accent", "language", "use_case", "descriptive")
            yield Speaker(id=identity, name=name, category=category, labels=dict(zip(names, labels, strict=True)))


SPEAKERS = {speaker.id: speaker for speaker in _read()}


def search(words: str) -> list[Speaker]:
    """Those in whom every one of `words` is found; all where there are none."""
    wanted = words.lower().replace("_", " ").split()
    return [each for each in SPEAKERS.values() if all(word in each.words.replace("_", " ") for word in wanted)]
