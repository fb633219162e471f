"""Who a prompt is about, as a silhouette: a few simple shapes, chosen by the words."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, pi, sin

from PIL import Image, ImageDraw, ImageFilter, ImageOps

Colour = tuple[int, int, int]
Point = tuple[float, float]
#: Windows, eyes and other light parts, and dark ones.
LIGHT, DARK = (255, 244, 205, 255), (18, 20, 32, 255)


@dataclass(frozen=True, slots=True)
class Hero:
    """A painted figure. One that `stands` has its feet at the image's foot; others fly or swim."""

    image: Image.Image
    stands: bool


class _Sheet:
    """Paper of `wide` by `tall` units, with the accent's colours; painted twice as large, for smooth edges."""

    def __init__(self, dice: random.Random, accent: Colour, unit: float, wide: float, tall: float) -> None:
        self.dice = dice
        self.body = (*accent, 255)
        self.pale = (*_mixed(accent, (255, 255, 255), 0.45), 255)
        self.deep = (*_mixed(accent, (12, 14, 26), 0.45), 255)
        self.unit = unit * 2
        self.image = Image.new("RGBA", (round(wide * self.unit), round(tall * self.unit)), (*accent, 0))
        self._draw = ImageDraw.Draw(self.image)

    def area(self, points: Sequence[Point], fill: tuple[int, ...] | None = None) -> None:
        self._draw.polygon([(x * self.unit, y * self.unit) for x, y in points], fill=fill or self.body)

    def oval(self, x: float, y: float, wide: float, tall: float, fill: tuple[int, ...] | None = None) -> None:
        """Around its middle; `wide` and `tall` are radii."""
        box = ((x - wide) * self.unit, (y - tall) * self.unit, (x + wide) * self.unit, (y + tall) * self.unit)
        self._draw.ellipse(box, fill=fill or self.body)

    def box(self, left: float, top: float, right: float, foot: float, fill: tuple[int, ...] | None = None) -> None:
        self.area([(left, top), (right, top), (right, foot), (left, foot)], fill)

    def line(self, points: Sequence[Point], thick: float, fill: tuple[int, ...] | None = None) -> None:
        """With round ends and joints."""
        steps = [(x * self.unit, y * self.unit) for x, y in points]
        self._draw.line(steps, fill=fill or self.body, width=max(1, round(thick * self.unit)), joint="curve")
        for x, y in points:
            self.oval(x, y, thick / 2, thick / 2, fill)


def _creature(sheet: _Sheet) -> None:
    """A long glowing creature with fins."""
    dice, bends, depth, thick = sheet.dice, sheet.dice.uniform(1.2, 2.2), sheet.dice.uniform(0.1, 0.2), 0.11
    spine = [(0.16 + 1.56 * n / 90, 0.5 + depth * sin(bends * 2 * pi * n / 90)) for n in range(90)]
    for fin in range(dice.randint(3, 6)):
        x, y = spine[10 + fin * 13]
        reach = thick * dice.uniform(1.4, 2.4)
        for side in (-1, 1):
            sheet.area([(x - 0.08, y), (x - reach * 0.9, y + side * reach), (x + 0.08, y)], sheet.deep)
    for number, (x, y) in enumerate(spine):
        radius = thick * (0.12 + 0.88 * (number / 90) ** 0.7)
        sheet.oval(x, y, radius, radius, sheet.pale if number > 70 else None)
    x, y = spine[-1]
    sheet.oval(x, y, thick, thick * 0.9, LIGHT)
    for side in (-1, 1):
        sheet.oval(x + 0.04, y + side * 0.042, 0.016, 0.016, DARK)


def _fish(sheet: _Sheet) -> None:
    sheet.area([(0.5, 0.5), (0.08, 0.16), (0.2, 0.5), (0.08, 0.84)], sheet.deep)
    sheet.area([(0.7, 0.3), (0.86, 0.06), (1.25, 0.28)], sheet.deep)
    sheet.area([(0.9, 0.7), (0.8, 0.95), (1.15, 0.74)], sheet.deep)
    sheet.oval(1.0, 0.5, 0.62, 0.28)
    sheet.oval(1.05, 0.58, 0.48, 0.17, sheet.pale)
    sheet.oval(1.4, 0.44, 0.045, 0.045, LIGHT)
    sheet.oval(1.41, 0.44, 0.022, 0.022, DARK)


def _bird(sheet: _Sheet) -> None:
    sheet.area([(0.95, 0.52), (0.72, 0.04), (0.42, 0.02), (0.62, 0.5)], sheet.deep)
    sheet.area([(0.45, 0.6), (0.06, 0.5), (0.1, 0.72), (0.5, 0.7)], sheet.deep)
    sheet.oval(0.9, 0.6, 0.5, 0.13)
    sheet.oval(1.42, 0.5, 0.14, 0.13, sheet.pale)
    sheet.area([(1.53, 0.46), (1.78, 0.53), (1.53, 0.57)], LIGHT)
    sheet.area([(1.15, 0.54), (0.86, 0.0), (0.5, 0.14), (0.72, 0.6)], sheet.pale)
    sheet.oval(1.46, 0.47, 0.022, 0.022, DARK)


def _boat(sheet: _Sheet) -> None:
    sheet.line([(0.9, 0.08), (0.9, 0.8)], 0.03, sheet.deep)
    sheet.area([(0.94, 0.1), (0.94, 0.72), (1.5, 0.72)], sheet.pale)
    sheet.area([(0.86, 0.2), (0.86, 0.72), (0.42, 0.72)])
    sheet.area([(0.24, 0.78), (1.68, 0.78), (1.46, 0.98), (0.42, 0.98)], sheet.deep)
    sheet.line([(0.26, 0.79), (1.66, 0.79)], 0.03, LIGHT)


def _lighthouse(sheet: _Sheet) -> None:
    sheet.area([(0.5, 0.26), (2.0, 0.0), (2.0, 0.52)], (*LIGHT[:3], 90))
    sheet.area([(0.36, 0.36), (0.64, 0.36), (0.76, 1.6), (0.24, 1.6)], sheet.pale)
    for top in (0.55, 0.95, 1.35):
        out, down = 0.14 + (top - 0.36) * 0.097, 0.2
        sheet.area([(0.5 - out, top), (0.5 + out, top), (0.52 + out, top + down), (0.48 - out, top + down)])
    sheet.box(0.32, 0.34, 0.68, 0.39, sheet.deep)
    sheet.box(0.4, 0.18, 0.6, 0.34, LIGHT)
    sheet.area([(0.36, 0.18), (0.64, 0.18), (0.5, 0.02)], sheet.deep)


def _tree(sheet: _Sheet) -> None:
    sheet.area([(0.66, 1.6), (0.72, 0.8), (0.84, 0.8), (0.94, 1.6)], sheet.deep)
    sheet.line([(0.78, 1.0), (0.5, 0.7)], 0.06, sheet.deep)
    sheet.line([(0.8, 0.95), (1.1, 0.66)], 0.06, sheet.deep)
    dice = sheet.dice
    for number in range(26):
        angle, far = dice.uniform(0, 2 * pi), dice.uniform(0.05, 0.44)
        radius = dice.uniform(0.12, 0.2)
        fill = (None, sheet.pale, None)[number % 3]
        sheet.oval(0.8 + 1.1 * far * cos(angle), 0.56 + 0.8 * far * sin(angle), radius, radius * 0.9, fill)


def _city(sheet: _Sheet) -> None:
    dice, left = sheet.dice, 0.02
    while left < 1.9:
        wide, top = dice.uniform(0.16, 0.3), dice.uniform(0.1, 0.8)
        sheet.box(left, top, left + wide, 1.4, sheet.deep if dice.random() < 0.5 else None)
        if top < 0.3:
            sheet.line([(left + wide / 2, top - 0.08), (left + wide / 2, top)], 0.015, sheet.deep)
        for row in range(int((1.36 - top) / 0.1)):
            for column in range(int(wide / 0.07)):
                if dice.random() < 0.55:
                    x, y = left + 0.025 + column * 0.07, top + 0.05 + row * 0.1
                    sheet.box(x, y, x + 0.035, y + 0.05, LIGHT)
        left += wide + dice.uniform(0.0, 0.03)


def _figure(sheet: _Sheet) -> None:
    sheet.area([(0.38, 0.36), (0.62, 0.36), (0.84, 1.2), (0.16, 1.2)], sheet.deep)  # a coat in the wind
    sheet.line([(0.43, 0.9), (0.36, 1.54)], 0.11)
    sheet.line([(0.57, 0.9), (0.66, 1.54)], 0.11)
    sheet.area([(0.36, 0.34), (0.64, 0.34), (0.68, 1.05), (0.32, 1.05)])
    sheet.line([(0.38, 0.42), (0.2, 0.82)], 0.09)
    sheet.line([(0.62, 0.42), (0.88, 0.66)], 0.09)
    sheet.oval(0.5, 0.19, 0.13, 0.15, sheet.pale)


def _animal(sheet: _Sheet) -> None:
    for x in (0.5, 0.64, 1.18, 1.32):
        sheet.line([(x, 0.6), (x + 0.02, 0.97)], 0.085, sheet.deep if x in {0.64, 1.32} else None)
    sheet.line([(0.44, 0.5), (0.22, 0.42), (0.06, 0.2)], 0.13, sheet.pale)
    sheet.oval(0.9, 0.52, 0.52, 0.2)
    sheet.line([(1.28, 0.46), (1.46, 0.3)], 0.19)
    sheet.area([(1.38, 0.2), (1.4, 0.0), (1.5, 0.14)], sheet.deep)
    sheet.area([(1.5, 0.16), (1.58, 0.0), (1.62, 0.2)], sheet.deep)
    sheet.oval(1.5, 0.28, 0.14, 0.12)
    sheet.area([(1.58, 0.22), (1.82, 0.34), (1.56, 0.39)], sheet.pale)
    sheet.oval(1.55, 0.25, 0.02, 0.02, DARK)


def _rocket(sheet: _Sheet) -> None:
    sheet.area([(0.5, 0.4), (0.06, 0.5), (0.5, 0.6)], (*LIGHT[:3], 200))
    for side in (-1, 1):
        sheet.area([(0.82, 0.5), (0.4, 0.5 + side * 0.4), (0.48, 0.5)], sheet.deep)
    sheet.area([(0.46, 0.34), (1.3, 0.3), (1.56, 0.38), (1.76, 0.5), (1.56, 0.62), (1.3, 0.7), (0.46, 0.66)])
    sheet.area([(1.4, 0.32), (1.56, 0.38), (1.76, 0.5), (1.56, 0.62), (1.4, 0.68)], sheet.pale)
    sheet.oval(1.16, 0.5, 0.1, 0.1, LIGHT)


def _star(sheet: _Sheet) -> None:
    for reach, fill in ((1.3, (*sheet.body[:3], 90)), (0.9, (*sheet.pale[:3], 120))):
        sheet.area([(1.4, 0.28), (1.4, 0.72), (1.4 - reach, 0.5)], fill)
    for share, fill in ((1.0, sheet.body), (0.55, LIGHT)):
        points = []
        for corner in range(10):
            reach = (0.46 if corner % 2 == 0 else 0.19) * share
            angle = corner * pi / 5 - pi / 2
            points.append((1.4 + reach * cos(angle), 0.5 + reach * sin(angle)))
        sheet.area(points, fill)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A shape, the words for it, and the size of its sheet in units. The unit is a quarter of the picture."""

    words: str
    paint: Callable[[_Sheet], None]
    wide: float
    tall: float
    stands: bool = False


_KINDS = (
    _Kind("koi|dragon|snake|serpent|eel|worm|creature|monster", _creature, 2.0, 1.0),
    _Kind("fish|goldfish|whale|shark|dolphin|salmon|submarine", _fish, 2.0, 1.0),
    _Kind("bird|heron|eagle|owl|crow|raven|swan|phoenix|gull|seagull|sparrow|hummingbird|parrot|penguin|butterfly|duck",
          _bird, 2.0, 1.0),
    _Kind("boat|ship|sail|sailboat|sailor|ferry|canoe|pirate|harbour|harbor", _boat, 2.0, 1.0, stands=True),
    _Kind("lighthouse|tower|castle|windmill|temple", _lighthouse, 2.0, 1.6, stands=True),
    _Kind("tree|oak|forest|blossom|bonsai|willow|jungle|garden|flower", _tree, 1.6, 1.6, stands=True),
    _Kind("city|skyline|tokyo|town|street|skyscraper|metropolis|village", _city, 2.0, 1.4, stands=True),
    _Kind("man|woman|girl|boy|child|astronaut|robot|knight|king|queen|dancer|wizard|witch|person|detective|chef|monk"
          "|samurai|grandmother|grandfather|traveller|traveler|hero|painter|barista", _figure, 1.0, 1.6, stands=True),
    _Kind("fox|foxe|cat|kitten|dog|puppy|wolf|horse|deer|bear|lion|tiger|rabbit|mouse|unicorn|cow|squirrel|elephant",
          _animal, 2.0, 1.0, stands=True),
    _Kind("rocket|spaceship|spacecraft|shuttle|plane|airplane|aeroplane|jet|ufo", _rocket, 2.0, 1.0),
    _Kind("star|comet|meteor|planet|galaxy|sun|moon|firefly|lantern", _star, 2.0, 1.0),
)  # fmt: skip
#: Words of our own stories, in every shot whatever it is about.
_TOLD = re.compile(
    r"hushed|world|just|waking|seen|from|away|thin|mist|lying|over|everything|close|first|sign|change|small|movements"
    r"|fine|textures|warm|light|edges|moment|turns|sparks|colour|sweeping|through|frame|full|strength|filling|wind"
    r"|around|every|outline|afterglow|calm|changed|good|last|settling|scene|with|into|that|this"
)


def hero(prompt: str, dice: random.Random, accent: Colour, size: int) -> Hero:
    """Who the prompt names first; where it names nobody we know, a shape of its first word's own."""
    kind = _kind(prompt)
    sheet = _Sheet(dice, accent, size, kind.wide, kind.tall)
    kind.paint(sheet)
    image = sheet.image.resize((sheet.image.width // 2, sheet.image.height // 2), Image.Resampling.LANCZOS)
    image = ImageOps.expand(image, border=size // 7, fill=(*accent, 0))  # room for the glow
    small = (max(1, image.width // 4), max(1, image.height // 4))
    shape = image.getchannel("A").resize(small).filter(ImageFilter.GaussianBlur(size / 28))
    glow = Image.new("RGBA", image.size, (*accent, 0))
    glow.putalpha(shape.resize(image.size, Image.Resampling.BICUBIC).point(lambda alpha: alpha * 0.6))
    return Hero(Image.alpha_composite(glow, image), kind.stands)


def _kind(prompt: str) -> _Kind:
    found = [(re.search(rf"\b(?:{kind.words})s?\b", prompt, re.IGNORECASE), kind) for kind in _KINDS]
    named = [(words.start(), kind) for words, kind in found if words]
    if named:
        return min(named, key=lambda pair: pair[0])[1]
    words = [word for word in re.findall(r"[a-z]{4,}", prompt.lower()) if not _TOLD.fullmatch(word)]
    return _KINDS[sum(map(ord, words[0])) % len(_KINDS)] if words else _KINDS[0]


def _mixed(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue
