"""Settles clashes between entries of a sorted list, such as the dependencies in a manifest.

Git takes changes of neighbouring lines for a clash. In a sorted list of one entry a line they are none, as long as the
same entry was not changed by both: the owner's new dependency stays, the template's come and go.
"""

import re
from collections.abc import Callable

# `"name>=1,<2",` with a remark in TOML, `"name": "^1.2.3",` in JSON, and `name v1.2.3` in go.mod.
_ENTRY = re.compile(rb'\s+("[^"]+",(\s*#.*)?|"[^"]+": "[^"]*",|\S+ v\d\S*(\s*//.*)?)\r?\n')
_LAST = re.compile(rb'(\s+"[^"]+": "[^"]*")(\r?\n)')  # In JSON, without a comma.
_LAST_COMMA = re.compile(rb",(\r?\n)\Z")
_NAME = re.compile(rb"[\w.@/-]+")
_CLASH = re.compile(
    rb"<{7} before updating\r?\n(?P<ours>(?:.*\n)*?)"
    rb"\|{7} last update\r?\n(?P<base>(?:.*\n)*?)"
    rb"={7}\r?\n(?P<theirs>(?:.*\n)*?)"
    rb">{7} after updating\r?\n"
)

type _Entries = dict[bytes, bytes]


def settle(marked: bytes) -> bytes | None:
    """Settles every clash of a merge that is marked with its base; `None` where one of them is real."""
    settled = {clash[0]: _settled(clash) for clash in _CLASH.finditer(marked)}
    for text, entries in settled.items():
        if entries is None:
            return None
        marked = marked.replace(text, entries)
    return marked


def _settled(clash: re.Match[bytes]) -> bytes | None:
    texts = [clash[side] for side in ("base", "ours", "theirs")]
    sides = [_entries(_LAST.sub(rb"\1,\2", text)) for text in texts]
    base, ours, theirs = (side or {} for side in sides)
    order = _order([base, ours, theirs])
    if order is None or None in sides:
        return None
    kept: _Entries = {}
    for name in {*base, *ours, *theirs}:
        was, mine, other = base.get(name), ours.get(name), theirs.get(name)
        if was != mine != other != was:
            return None
        if (entry := other if mine == was else mine) is not None:
            kept[name] = entry
    text = b"".join(entry for _, entry in sorted(kept.items(), key=order))
    return _LAST_COMMA.sub(rb"\1", text) if any(map(_LAST.search, texts)) else text


def _entries(side: bytes) -> _Entries | None:
    """Calls each line by what it is an entry of, a package without its extras and bounds; `None` if one is no entry."""
    lines = side.splitlines(keepends=True)
    found = {name[0]: line for line in lines if _ENTRY.fullmatch(line) and (name := _NAME.search(line))}
    return found if len(found) == len(lines) else None


def _order(sides: list[_Entries]) -> Callable[[tuple[bytes, bytes]], bytes] | None:
    """Finds by what all sides are sorted: their lines, or the names in them."""
    keys: tuple[Callable[[tuple[bytes, bytes]], bytes], ...] = (_by_line, _by_name)
    return next((key for key in keys if all(sorted(side.items(), key=key) == [*side.items()] for side in sides)), None)


def _by_line(entry: tuple[bytes, bytes]) -> bytes:
    return entry[1].lower()


def _by_name(entry: tuple[bytes, bytes]) -> bytes:
    return entry[0].lower()
