"""`python -m bot.languages`: bring the files of translations up to date with the code, and tell what they lack."""

from __future__ import annotations

import sys

from bot.languages.catalogues import path_of, update


def main() -> None:
    for language, lacking in update().items():
        sys.stdout.write(f"{path_of(language).name}: {lacking or 'no'} words to translate\n")


if __name__ == "__main__":
    main()
