"""A PostgreSQL server for tests: its own cluster in a temporary folder, reached by a socket there and nowhere else."""

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

#: Set where PostgreSQL must be there (in CI), so that its absence is a failure and not a skipped test.
REQUIRED = "COURSE_NEEDS_POSTGRESQL"


def programs():
    """Finds the folder with PostgreSQL's programs, which Debian does not put on PATH, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else on_path and Path(on_path).resolve().parent


@contextmanager
def server():
    """Runs a server; gives the URL of an empty database."""
    folder = programs()
    if folder is None:
        lacking = "PostgreSQL is not on this machine. On Debian and Ubuntu: apt-get install postgresql"
        if os.environ.get(REQUIRED):
            pytest.fail(lacking)
        pytest.skip(lacking)
    # A socket's path has at most 107 characters, so pytest's own temporary folders may be too deep.
    place = Path(tempfile.mkdtemp(prefix="course-pg-"))
    cluster, as_whom = place / "cluster", {}
    if os.geteuid() == 0:  # initdb refuses root
        user = pwd.getpwnam(_unprivileged())
        os.chown(place, user.pw_uid, user.pw_gid)
        as_whom = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def run(program, *arguments):
        command = [folder / program, "-D", cluster, *arguments]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            cwd=place, text=True, check=False, **as_whom,
        )  # fmt: skip
        assert done.returncode == 0, f"{program} failed:\n{done.stdout}"

    try:
        run("initdb", "--username=course", "--auth=trust", "--no-sync", "--encoding=UTF8", "--no-locale")
        # No address to listen on: nothing but the socket in the folder leads to it.
        options = f"-c listen_addresses='' -c unix_socket_directories='{place}' -c fsync=off"
        run("pg_ctl", "start", "--wait", "--log", place / "log", "-o", options)
        try:
            yield f"postgresql+psycopg://course@/postgres?host={place}"
        finally:
            run("pg_ctl", "stop", "--mode=immediate", "--wait")
    finally:
        shutil.rmtree(place)


def _unprivileged():
    names = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
