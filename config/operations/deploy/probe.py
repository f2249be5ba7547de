"""Say whether a program on this machine lives, for the health check of its container. By its path: it needs nothing of ours.

python -S config/operations/deploy/probe.py web|stream       does it answer?
python -S config/operations/deploy/probe.py pulse [SECONDS]  has it touched PULSE_FILE of late (within a minute)?
"""

import http.client
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

LATE_SECONDS = 60.0
PATIENCE_SECONDS = 5.0
PORTS = {"web": ("WEB", 8000), "stream": ("STREAM", 8001)}
EVERYWHERE = ("", "0.0.0.0", "::")


def answers(program: str, environment: Mapping[str, str]) -> str:
    """Return why a web program is not well; nothing where it is."""
    name, usual = PORTS[program]
    host = environment.get("ALLOWED_HOSTS", "localhost").partition(",")[0].lstrip(".")
    # As the proxy would ask: otherwise we are only told to come by TLS.
    headers = {"Host": host, "X-Forwarded-Proto": "https"}
    listens = environment.get(f"{name}_HOST", "")
    address = "127.0.0.1" if listens in EVERYWHERE else listens
    port = int(environment.get(f"{name}_PORT", usual))
    connection = http.client.HTTPConnection(address, port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/healthz", headers=headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{program} does not answer: {error}"
    finally:
        connection.close()
    return f"{program} answers {status}" if status >= 500 else ""


def beats(environment: Mapping[str, str], late_seconds: float) -> str:
    """Return why a worker is not well; nothing where it is."""
    try:
        age_seconds = time.time() - Path(environment["PULSE_FILE"]).stat().st_mtime
    except (KeyError, FileNotFoundError) as error:
        return f"no sign of life: {error}"
    return f"the last sign of life is {age_seconds:.0f} s old" if age_seconds > late_seconds else ""


def main(words: Sequence[str]) -> int:
    """Do what the command line says and return the exit status."""
    match list(words):
        case ["web" | "stream" as program]:
            problem = answers(program, os.environ)
        case ["pulse"]:
            problem = beats(os.environ, LATE_SECONDS)
        case ["pulse", seconds]:
            problem = beats(os.environ, float(seconds))
        case _:
            problem = __doc__ or ""
    if problem:
        print(problem, file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
