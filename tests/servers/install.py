"""Gets servers from package registries: Debian's, Maven Central, the Go module proxy.

Whatever is not a system package is kept in ~/.cache/bedplate: made in a scratch folder and renamed when complete, so
an interrupted install leaves nothing that looks finished. Locks keep parallel runs out of each other's way.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
POLICY = Path("/usr/sbin/policy-rc.d")

# Quick to start, small, and without files in /tmp that kill -9 would leave behind.
QUICK_JAVA = ("-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")


class ServerError(Exception):
    """A server is missing or does not start; the message says what to do about it."""


def cache() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bedplate"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


@contextlib.contextmanager
def lock(file: Path) -> Generator[None]:
    """Holds a lock between threads and processes; the kernel lets go of it when the holder dies."""
    with file.with_name(f"{file.name}.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def cached(name: str, build: Callable[[Path], None]) -> Path:
    """The folder of this name in the cache. If there is none yet, `build` fills it."""
    target = cache() / name
    if target.exists():
        return target
    with lock(target):
        if not target.exists():
            for abandoned in cache().glob(f"{name}.part-*"):
                shutil.rmtree(abandoned, ignore_errors=True)
            scratch = Path(tempfile.mkdtemp(prefix=f"{name}.part-", dir=cache()))
            build(scratch)
            scratch.rename(target)
    return target


def run(*command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, stdin: str = "") -> str:
    """The output of a command that must succeed."""
    words = [str(word) for word in command]
    result = subprocess.run(
        words,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        raise ServerError(f"failed ({result.returncode}): {' '.join(words)}\n{tail(result.stdout)}")
    return result.stdout


def tail(text: str, lines: int = 15) -> str:
    return "\n".join(text.splitlines()[-lines:])


def debian(command: str, package: str) -> Path:
    """The path of a command, after its Debian package has been installed if need be."""
    if found := shutil.which(command):
        return Path(found)
    if os.geteuid() or not shutil.which("apt-get"):
        raise ServerError(f"{command} is missing. Install it with: sudo apt-get install {package}")
    with lock(cache() / "apt"):
        if not shutil.which(command):
            _apt_get_install(package)
    if found := shutil.which(command):
        return Path(found)
    raise ServerError(f"the Debian package {package} has brought no {command}")


def _apt_get_install(package: str) -> None:
    options = ("-y", "-q", "-o", "DPkg::Lock::Timeout=120", "--no-install-recommends")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with _no_daemons():
        run("dpkg", "--configure", "-a", env=quiet)  # If an earlier install was interrupted.
        try:
            run("apt-get", "install", *options, package, env=quiet)
        except ServerError:  # No package lists yet, or old ones.
            run("apt-get", "update", "-q")
            run("apt-get", "install", *options, package, env=quiet)


@contextlib.contextmanager
def _no_daemons() -> Generator[None]:
    """Keeps Debian from starting what it installs."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def java(command: str = "java") -> Path:
    return debian(command, "default-jdk-headless")


def maven(folder: Path, *artifacts: str) -> None:
    """Downloads jars, "group:artifact:version", with what they need at run time; with ":alone", only themselves."""
    mvn = debian("mvn", "maven")
    dependencies = ""
    for artifact in artifacts:
        group, name, version, *alone = map(escape, artifact.split(":"))
        everything = "<exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>"
        dependencies += (
            f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version>"
            f"<exclusions>{everything if alone else ''}</exclusions></dependency>"
        )
    folder.mkdir(exist_ok=True)
    pom = folder / "pom.xml"
    pom.write_text(
        "<project><modelVersion>4.0.0</modelVersion><groupId>bedplate</groupId><artifactId>servers</artifactId>"
        f"<version>1</version><dependencies>{dependencies}</dependencies></project>"
    )
    options = ("-q", "-B", "--strict-checksums", "-DincludeScope=runtime", f"-DoutputDirectory={folder}")
    with lock(cache() / "maven"):  # It does not expect company in its own cache.
        run(mvn, *options, "-f", pom, COPY_DEPENDENCIES)


def go(folder: Path, module: str, package: str, name: str) -> None:
    """Builds a Go command as `folder/name`.

    In a module of its own, where the tool is a dependency: its `replace => ../` lines do not count there, and all
    that it needs comes from the proxy with verified checksums.
    """
    if not shutil.which("go"):
        raise ServerError(f"go is missing, which builds {name}. Install it from https://go.dev/dl/")
    proxy = run("go", "env", "GOPROXY").strip().removesuffix(",direct")
    env = {"GOPROXY": proxy, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    with tempfile.TemporaryDirectory(dir=folder) as source:
        here = Path(source)
        run("go", "mod", "init", "bedplate", cwd=here, env=env)
        run("go", "get", module, cwd=here, env=env)
        run(
            "go", "build", "-mod=mod", "-trimpath", "-ldflags", "-s -w", "-o", folder / name, package, cwd=here, env=env
        )
