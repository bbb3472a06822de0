"""Settles clashes between entries of a list, such as the dependencies in a manifest.

Git takes changes of neighbouring lines for a clash. In a list of one entry a line they are none, as long as nobody
changed the same entry: the owner's new dependency stays, the template's come and go.
"""

import re

# `"name>=1,<2",` with a remark in TOML, `"name": "^1.2.3",` in JSON, and `name v1.2.3` in go.mod; blank lines are no
# entries.
_ENTRY = re.compile(rb'\s+("[^"]+",(\s*#.*)?|"[^"]+": "[^"]*",?|\S+ v\d\S*(\s*//.*)?)\r?\n')
# In JSON, the last entry alone has no comma: which one that is, is known when all are together.
_OF_JSON = re.compile(rb'(\s+"[^"]+": "[^"]*"),?(\r?\n)')
_NAME = re.compile(rb"[\w.@/-]+")
_CLASH = re.compile(
    rb"<{7} before updating\r?\n(?P<ours>(?:.*\n)*?)"
    rb"\|{7} last update\r?\n(?P<base>(?:.*\n)*?)"
    rb"={7}\r?\n(?P<theirs>(?:.*\n)*?)"
    rb">{7} after updating\r?\n"
)


def settle(marked: bytes) -> bytes | None:
    """Settles every clash of a merge that is marked with its base; `None` where one of them is real."""
    settled = {clash[0]: _settled(clash) for clash in _CLASH.finditer(marked)}
    for text, entries in settled.items():
        if entries is None:
            return None
        marked = marked.replace(text, entries)
    return marked


def _settled(clash: re.Match[bytes]) -> bytes | None:
    sides = [_entries(clash[side]) for side in ("base", "ours", "theirs")]
    if any(side is None for side in sides):
        return None
    base, ours, theirs = (side or {} for side in sides)
    kept = []
    for name in sorted({*base, *ours, *theirs}):
        was, mine, other = base.get(name), ours.get(name), theirs.get(name)
        if was != mine != other != was:
            return None
        kept.append(other if mine == was else mine)
    entries = b"".join(entry for entry in kept if entry is not None)
    is_at_the_end = clash.string[clash.end() :].lstrip().startswith(b"}")
    return re.sub(rb",(\r?\n)\Z", rb"\1", entries) if is_at_the_end and _OF_JSON.match(entries) else entries


def _entries(side: bytes) -> dict[bytes, bytes] | None:
    """Calls each line by what it is an entry of, a package without its extras and bounds; `None` if one is no entry."""
    lines = [_OF_JSON.sub(rb"\1,\2", line) for line in side.splitlines(keepends=True)]
    found = {name[0]: line for line in lines if _ENTRY.fullmatch(line) and (name := _NAME.search(line))}
    return found if len(found) == len(lines) else None
