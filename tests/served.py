"""Starts a server of models for a test, and ends it."""

import contextlib
import os
import re
import signal
import subprocess


@contextlib.contextmanager
def served(command: list[str], cwd: str | None = None, **environment: str):
    """The address of the API that `command` serves, such as `http://127.0.0.1:8420/v1`."""
    env = {**os.environ, **environment}
    server = subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.PIPE, text=True, env=env, start_new_session=True
    )
    try:
        for line in server.stdout:
            found = re.search(r"http://[^ ]+/v1", line)
            if found:
                yield found.group(0)
                return
        raise SystemExit(f"The server ended with {server.wait()}")
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGINT)
            server.wait(20)
