"""Gemini's image models: a prompt, and pictures to go by, become a picture inside the answer."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Sequence

from PIL import Image

from sandbox.providers import google, scenery
from sandbox.providers.answers import Refused
from sandbox.providers.documents import as_list, as_mapping, as_text, either
from sandbox.providers.faults import Breaks, ContentRefused, EmptyOutput, Fate
from sandbox.providers.policy import VIDEO_REFUSES
from sandbox.providers.reading import Read, Tokens

#: Image models of google-genai 3.6's literals (2026-11).
MODELS = ("gemini-3.1-flash-image", "gemini-3-pro-image", "gemini-nano-banana-2.1")
#: The discovery document, 2026-08.
RATIOS = (
    "1:1", "1:4", "4:1", "1:8", "8:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9",
)  # fmt: skip
#: Tokens of a picture by its size, and how many times a side is that of 1K (1 megapixel); docs.cloud, 2026-07.
TOKENS = {"512": 747, "1K": 1120, "2K": 1680, "4K": 2520}
SCALE = {"512": 0.5, "1K": 1.0, "2K": 2.0, "4K": 4.0}
SIDE = 1024
MOST_REFERENCES = 14
#: Where along its way across the picture the hero is caught.
CAUGHT_AT = 0.4


def checked(body: dict[str, object], read: Read, model: str) -> tuple[str, str]:
    """The ratio and the size that a body asks an image model for; refuses what Google refuses."""
    config = as_mapping(either(body, "generationConfig", "generation_config"))
    wanted = as_mapping(either(config, "imageConfig", "image_config"))
    ratio = as_text(either(wanted, "aspectRatio", "aspect_ratio")) or "1:1"
    size = as_text(either(wanted, "imageSize", "image_size")) or "1K"
    modalities = {as_text(name) for name in as_list(either(config, "responseModalities", "response_modalities"))}
    if modalities and modalities not in ({"IMAGE"}, {"TEXT", "IMAGE"}):
        raise Refused(google.refusal(400, f"The requested response modalities are not supported by {model}."))
    if as_text(either(config, "responseMimeType", "response_mime_type")) == "application/json":
        raise Refused(google.refusal(400, f"JSON mode is not enabled for models/{model}"))
    if ratio not in RATIOS or size not in SCALE:
        raise Refused(google.refusal(400, f"Invalid value at 'generation_config.image_config': {ratio}, {size}."))
    if len(read.pictures) > MOST_REFERENCES:
        raise Refused(google.refusal(400, f"At most {MOST_REFERENCES} pictures may be given to {model}."))
    return ratio, size


async def answer(read: Read, ratio: str, size: str, fate: Fate | None) -> tuple[dict[str, object], Tokens]:
    """The candidate, and the tokens of what it holds."""
    drawn = Tokens()
    candidate: dict[str, object] = {"index": 0, "content": {"role": "model", "parts": []}, "finishReason": "STOP"}
    if isinstance(fate, Breaks):
        return {**candidate, "finishReason": fate.code or "IMAGE_OTHER"}, drawn
    if isinstance(fate, ContentRefused) or VIDEO_REFUSES.search(read.brief.words):
        reason = (fate.code if isinstance(fate, ContentRefused) else None) or "IMAGE_SAFETY"
        words = "Unable to show the generated image. The response was filtered out because it violated our policy."
        return {**candidate, "finishReason": reason, "finishMessage": words}, drawn
    drawn.add("IMAGE", TOKENS[size])
    if isinstance(fate, EmptyOutput):
        return candidate, drawn
    content = await asyncio.to_thread(draw, read.brief.words, ratio, SCALE[size], read.pictures)
    blob = {"mimeType": "image/jpeg", "data": base64.b64encode(content).decode()}
    return {**candidate, "content": {"role": "model", "parts": [{"inlineData": blob}]}}, drawn


def draw(prompt: str, ratio: str, scale: float = 1.0, references: Sequence[bytes] = ()) -> bytes:
    """A JPEG of what the prompt asks for; the first reference is its background. Blocks for half a second."""
    wide, tall = (int(number) for number in ratio.split(":"))
    unit = round(SIDE / 2 * scale / (wide * tall) ** 0.5) * 2
    width, height = wide * unit, tall * unit
    given = f", after {len(references)} picture{'s' * (len(references) > 1)}" if references else ""
    layers = scenery.paint(prompt, f"{ratio} still{given}", width, height, _opened(references))
    picture = layers.back.crop((0, 0, width, height)).convert("RGBA")
    for hills in layers.hills:
        picture.alpha_composite(hills.crop((0, 0, width, hills.height)), (0, height - hills.height))
    hero = layers.hero.image
    foot = height - layers.caption.height
    top = foot - hero.height if layers.hero.stands else round(height * CAUGHT_AT - hero.height / 2)
    picture.alpha_composite(hero, (max(0, round(width * CAUGHT_AT - hero.width / 2)), max(0, top)))
    if layers.falling is not None:
        picture.alpha_composite(layers.falling.crop((0, 0, width, height)))
    picture.alpha_composite(layers.caption, (0, max(0, foot)))
    paper = io.BytesIO()
    picture.convert("RGB").save(paper, "JPEG", quality=88)
    return paper.getvalue()


def _opened(references: Sequence[bytes]) -> Image.Image | None:
    if not references:
        return None
    with Image.open(io.BytesIO(references[0])) as image:
        return image.convert("RGB")
