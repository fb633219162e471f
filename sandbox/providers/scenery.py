"""Pictures from words: what a prompt looks like, painted in layers that ffmpeg moves over each other."""

from __future__ import annotations

import colorsys
import hashlib
import random
import re
import unicodedata
from dataclasses import dataclass, field
from math import sin

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

from sandbox.providers.heroes import Hero, hero

Colour = tuple[int, int, int]

#: (words, hue 0..1, saturation, value of the sky above and at the horizon). The first that fits a prompt lights it.
LIGHTS: tuple[tuple[str, tuple[float, float, float, float]], ...] = (
    (r"night|midnight|moon\w*|dark\w*|star\w*|space|galax\w+|nocturnal", (0.64, 0.70, 0.10, 0.34)),
    (r"rain\w*|storm\w*|fog\w*|mist\w*|overcast|thunder\w*", (0.58, 0.28, 0.26, 0.55)),
    (r"snow\w*|ic[ey]\w*|winter\w*|frost\w*", (0.57, 0.18, 0.62, 0.93)),
    (r"sunset|dusk|golden|evening|autumn", (0.04, 0.72, 0.36, 0.96)),
    (r"dawn|sunrise|morning|spring|first light", (0.93, 0.38, 0.55, 0.98)),
    (r"underwater|ocean|sea|deep|reef", (0.51, 0.75, 0.20, 0.62)),
    (r"fire|lava|volcan\w+|inferno|ember\w*", (0.01, 0.82, 0.18, 0.72)),
    (r"neon|city|cyber\w*|tokyo", (0.78, 0.68, 0.16, 0.50)),
    (r"forest|jungle|garden|meadow|moss\w*", (0.36, 0.50, 0.30, 0.78)),
    (r"desert|dune\w*|sand\w*", (0.09, 0.45, 0.58, 0.94)),
)

_NIGHT = re.compile(rf"\b({LIGHTS[0][0]})\b", re.IGNORECASE)
_FALLING = (
    (re.compile(r"\b(rain\w*|storm\w*|thunder\w*)\b", re.IGNORECASE), "rain"),
    (re.compile(r"\b(snow\w*|blizzard)\b", re.IGNORECASE), "snow"),
)

#: How much wider than the picture the layers are, so that they can slide. The nearest moves most.
BACK, FAR, NEAR = 1.2, 1.35, 1.6
#: A start image hardly moves: it is the first frame.
START = 1.06


@dataclass(slots=True)
class Layers:
    """A picture in layers, back to front. `hills` and `falling` may be absent."""

    back: Image.Image
    hero: Hero
    caption: Image.Image
    hills: list[Image.Image] = field(default_factory=list)
    falling: Image.Image | None = None


def seed_of(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def paint(
    prompt: str, footer: str, width: int, height: int, start: Image.Image | None = None, *, seed: int | None = None
) -> Layers:
    """The layers of one clip: `start`, where given, is its background and first frame.

    The same prompt looks the same, unless another `seed` throws it differently.
    """
    dice = random.Random(seed_of(prompt) if seed is None else seed)
    hue, saturation, above, below = _light(prompt, dice)
    accent = _colour(hue + 0.5 + dice.uniform(-0.12, 0.12), 0.62, 0.98)
    layers = Layers(
        back=_sky(
            dice, (hue, saturation, above, below), int(width * BACK), height, is_night=bool(_NIGHT.search(prompt))
        ),
        hero=hero(prompt, dice, accent, max(64, min(width, height) // 4)),
        caption=_caption(prompt, footer, accent, width, height),
        falling=_falling(prompt, dice, width, height),
    )
    if start is not None:
        layers.back = ImageOps.fit(start.convert("RGB"), (int(width * START), int(height * START)))
        return layers
    far = _colour(hue, saturation * 0.9, (above + below) * 0.42)
    near = _colour(hue, saturation, above * 0.55)
    layers.hills = [
        _hills(dice, far, int(width * FAR), int(height * 0.55), 0.6),
        _hills(dice, near, int(width * NEAR), int(height * 0.42), 0.7),
    ]
    return layers


def _light(prompt: str, dice: random.Random) -> tuple[float, float, float, float]:
    for words, light in LIGHTS:
        if re.search(rf"\b({words})\b", prompt, re.IGNORECASE):
            hue, saturation, above, below = light
            return hue + dice.uniform(-0.03, 0.03), saturation, above, below
    hue = dice.choice((0.52, 0.56, 0.60, 0.68, 0.76, 0.85, 0.95, 0.02, 0.07))  # the greens and olives make poor skies
    return hue, dice.uniform(0.4, 0.6), dice.uniform(0.35, 0.5), dice.uniform(0.85, 0.97)


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, min(1.0, saturation), max(0.0, min(1.0, value)))
    return round(red * 255), round(green * 255), round(blue * 255)


def _sky(
    dice: random.Random, light: tuple[float, float, float, float], width: int, height: int, *, is_night: bool
) -> Image.Image:
    """A gradient with a sun or moon, stars or clouds; the soft parts are painted small and enlarged."""
    hue, saturation, above, below = light
    column = Image.new("RGB", (1, 64))
    for row in range(64):
        share = (row / 63) ** 0.8
        value = above + (below - above) * share
        column.putpixel((0, row), _colour(hue + 0.10 * share, saturation * (1 - 0.35 * share), value))
    sky = column.resize((width, height), Image.Resampling.BICUBIC)
    orb = (236, 236, 214) if is_night else _colour(hue + 0.08, 0.25, 1.0)
    radius = min(sky.size) * dice.uniform(0.07, 0.11)
    x, y = width * dice.uniform(0.62, 0.8), height * dice.uniform(0.16, 0.28)
    halo = Image.new("RGB", (width // 8, height // 8))
    near = tuple(part / 8 for part in (x - radius, y - radius, x + radius, y + radius))
    ImageDraw.Draw(halo).ellipse(near, fill=orb)
    halo = halo.filter(ImageFilter.GaussianBlur(radius / 9)).resize(sky.size, Image.Resampling.BICUBIC)
    sky = ImageChops.screen(sky, halo)
    draw = ImageDraw.Draw(sky, "RGBA")
    if is_night:
        _stars(draw, dice, width, height)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=orb)
    if not is_night:
        _clouds(draw, dice, width, height)
    return sky


def _stars(draw: ImageDraw.ImageDraw, dice: random.Random, width: int, height: int) -> None:
    for _ in range(170):
        x, y, size = dice.uniform(0, width), dice.uniform(0, height * 0.75), dice.choice((0.6, 0.6, 1.0, 1.6))
        draw.ellipse((x - size, y - size, x + size, y + size), fill=(255, 255, 240, dice.randint(70, 240)))


def _clouds(draw: ImageDraw.ImageDraw, dice: random.Random, width: int, height: int) -> None:
    for _ in range(6):
        x, y = dice.uniform(0, width), dice.uniform(0.06, 0.45) * height
        for _puff in range(9):
            wide, tall = dice.uniform(0.02, 0.10) * width, dice.uniform(4, 16)
            dx, dy = dice.uniform(-0.06, 0.06) * width, dice.uniform(-8, 8)
            draw.ellipse((x + dx - wide, y + dy - tall, x + dx + wide, y + dy + tall), fill=(255, 255, 255, 16))


def _hills(dice: random.Random, colour: Colour, width: int, height: int, rise: float) -> Image.Image:
    """A line of hills, from a few folded waves; clear above."""
    image = Image.new("RGBA", (width, height), (*colour, 0))
    waves = [
        (dice.uniform(0.4, 1) / n, dice.uniform(0.7, 1.3) * n * 6.3 / width, dice.uniform(0, 6)) for n in (1, 2, 5)
    ]
    ridge = [
        (x, height * (1 - rise) - height * rise * 0.2 * sum(a * sin(f * x + p) for a, f, p in waves))
        for x in range(0, width + 6, 6)
    ]
    ImageDraw.Draw(image).polygon([(0, height), *ridge, (width, height)], fill=(*colour, 255))
    return image


def _falling(prompt: str, dice: random.Random, width: int, height: int) -> Image.Image | None:
    """Rain or snow, twice as tall as the picture and repeating, where the prompt speaks of it."""
    kind = next((kind for words, kind in _FALLING if words.search(prompt)), None)
    if kind is None:
        return None
    tile = Image.new("RGBA", (width, height), (235, 240, 255, 0))
    draw = ImageDraw.Draw(tile)
    for _ in range(220):
        x, y = dice.uniform(0, width), dice.uniform(0, height)
        if kind == "rain":
            draw.line((x, y, x - 5, y + dice.uniform(14, 34)), fill=(225, 235, 255, dice.randint(60, 130)), width=1)
        else:
            size = dice.uniform(1.5, 4)
            draw.ellipse((x - size, y - size, x + size, y + size), fill=(255, 255, 255, dice.randint(120, 230)))
    tall = Image.new("RGBA", (width, height * 2))
    tall.paste(tile, (0, 0))
    tall.paste(tile, (0, height))
    return tall


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A font of the machine's that knows many scripts, else Pillow's own, which knows ASCII."""
    for name in ("DejaVuSans.ttf", "LiberationSans-Regular.ttf", "Arial.ttf"):
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def legible(text: str, face: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """`text` without the characters that the font would draw as a box: emoji, and scripts it does not know."""
    if not isinstance(face, ImageFont.FreeTypeFont):
        return text.encode("ascii", "ignore").decode()
    box = bytes(face.getmask("\U0010ffff"))
    kept = (
        character
        for character in text
        if character.isspace()
        or (
            unicodedata.category(character) not in {"Cc", "Cf", "Cn", "Co", "Cs"}
            and character != "\ufe0f"
            and bytes(face.getmask(character)) != box
        )
    )
    return " ".join("".join(kept).split())


def wrapped(text: str, face: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int, lines: int) -> list[str]:
    """`text` in at most `lines` lines of at most `width` pixels, the last one cut with "..." where it does not fit."""
    rows: list[str] = []
    row = ""
    for word in text.split():
        trial = f"{row} {word}".strip()
        if face.getlength(trial) <= width:
            row = trial
            continue
        if row:
            rows.append(row)
        row = word
        while face.getlength(row) > width and len(row) > 1:  # one endless word
            row = row[:-1]
    rows.append(row)
    if len(rows) > lines:
        rows = rows[:lines]
        while face.getlength(rows[-1] + "...") > width and rows[-1]:
            rows[-1] = rows[-1][:-1]
        rows[-1] = rows[-1].rstrip(" ,.;") + "..."
    return rows


def _caption(prompt: str, footer: str, accent: Colour, width: int, height: int) -> Image.Image:
    """The strip at the foot of the picture that says what was asked for."""
    unit = max(9, min(width, height) // 30)
    face, small = font(unit), font(max(8, int(unit * 0.72)))
    margin = unit
    rows = wrapped(legible(prompt, face), face, width - 4 * margin, 4)
    line, small_line = int(unit * 1.35), int(unit * 1.2)
    tall = int(margin * 1.7) + line * len(rows) + small_line
    image = Image.new("RGBA", (width, tall + margin), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((margin, 0, width - margin, tall), radius=unit // 2, fill=(10, 12, 20, 228))
    draw.rectangle((margin, unit // 2, margin + max(3, unit // 6), tall - unit // 2), fill=(*accent, 255))
    for number, row in enumerate(rows):
        draw.text((2 * margin, margin * 0.8 + number * line), row, font=face, fill=(246, 247, 250, 255))
    footer_row = wrapped(footer, small, width - 4 * margin, 1)[0]
    draw.text((2 * margin, margin * 1.1 + len(rows) * line), footer_row, font=small, fill=(188, 194, 206, 255))
    return image
