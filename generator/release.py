"""Makes a release: `make release VERSION=0.2.0`.

The template as it is committed becomes the next commit of `bedplate/releases.bundle`, from which an installed Bedplate
updates projects without a network. The bundle is checked in, since whoever builds a wheel may have no history: a source
archive has none, and neither has the shallow clone of a CI job.
"""

import argparse
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
BUNDLE = Path("generator", "bedplate", "releases.bundle")
# What Copier needs of a checkout.
PARTS = ("copier.yml", "fragments", "options.yml", "template")


class NotReady(Exception):  # noqa: N818 What it is.
    """The checkout is not in a state to be released."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Adds the committed template to the releases that a wheel carries.")
    parser.add_argument("version")
    parser.add_argument("--again", action="store_true", help="make the newest release anew, as long as it has no tag")
    options = parser.parse_args()
    try:
        release(ROOT, options.version, again=options.again)
    except NotReady as reason:
        print(f"Error: {reason}", file=sys.stderr)
        return 2
    name = f"v{options.version}"
    print(f"{BUNDLE} holds {name}. Next:\n")
    print(f"    git commit --message 'Release {options.version}' -- {BUNDLE}")
    print(f"    git tag --annotate {name} --message {name} && git push origin HEAD {name}")
    return 0


def release(root: Path, version: str, *, again: bool = False) -> None:
    """Appends a release to the bundle of a checkout.

    Args:
        root: The checkout.
        version: Of the release, without the `v` of its tag.
        again: Put it in the place of the newest release, which has its version.

    Raises:
        NotReady: Something is not committed, or not told, or the version does not follow.
    """
    _check(root, version)
    with TemporaryDirectory(prefix="bedplate-release-") as scratch:
        chain = Path(scratch)
        _git(chain, "init", "--quiet", "--bare", "--initial-branch=main")
        if (root / BUNDLE).exists():
            _git(chain, "fetch", "--quiet", str(root / BUNDLE), "refs/tags/*:refs/tags/*")
        before = _git(chain, "tag", "--sort=version:refname").split()
        if again:
            _drop_newest(chain, before, version)
        elif before and _number(before[-1]) >= _number(version):
            raise NotReady(f"{before[-1]} is in the bundle already; make it anew with --again, or raise the version.")
        _append(chain, root, f"v{version}", before[-1] if before else None)
        _git(chain, "bundle", "create", "--quiet", str(root / BUNDLE), "HEAD", "main", "--tags")


def _check(root: Path, version: str) -> None:
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise NotReady(f"{version} is no version such as 0.2.0.")
    status = _git(root, "status", "--porcelain", "--", ".", f":!{BUNDLE}")
    if status:
        raise NotReady(f"not everything is committed:\n{status}")
    if (declared := tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]) != version:
        raise NotReady(f"pyproject.toml says version {declared}.")
    if not re.search(rf"^## \[{re.escape(version)}\]", (root / "CHANGELOG.md").read_text(), re.MULTILINE):
        raise NotReady(f"CHANGELOG.md has no section ## [{version}].")
    if _git(root, "tag", "--list", f"v{version}"):
        raise NotReady(f"v{version} has its tag: it is published, and stays as it is.")


def _drop_newest(chain: Path, names: list[str], version: str) -> None:
    if not names or names[-1] != f"v{version}":
        raise NotReady(f"only the newest release can be made again: {names[-1] if names else 'there is none yet'}.")
    _git(chain, "tag", "--delete", names.pop())


def _append(chain: Path, root: Path, name: str, parent: str | None) -> None:
    _git(chain, "fetch", "--quiet", "--no-tags", str(root), "HEAD")
    tree = _git(chain, "mktree", given=_git(chain, "ls-tree", "FETCH_HEAD", "--", *PARTS) + "\n")
    when = _git(chain, "show", "--no-patch", "--format=%cI", "FETCH_HEAD")
    parents = ("-p", f"refs/tags/{parent}") if parent else ()
    commit = _git(chain, "commit-tree", tree, *parents, "-m", name, when=when)
    _git(chain, "tag", name, commit)
    _git(chain, "update-ref", "refs/heads/main", commit)


def _number(name: str) -> list[int]:
    return [int(part) for part in name.removeprefix("v").split(".")]


def _git(folder: Path, *arguments: str, given: str = "", when: str = "") -> str:
    identity = {"NAME": "Bedplate", "EMAIL": "bedplate@users.noreply.github.com", "DATE": when}
    people = {
        f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in identity.items() if value
    }
    command = ["git", *arguments]
    done = subprocess.run(
        command, cwd=folder, input=given, env=os.environ | people, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise NotReady(f"git {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
