"""What the Python programs share: the records to write, and a line of output per capability."""

import os
import signal
import sys
import time

BOOTSTRAP = os.environ["BOOTSTRAP"]
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
CHECK_SECONDS_MAX = 40
WAIT_SECONDS_MAX = 15


def records():
    """The (key, value) pairs that everybody writes; the runner compares them with what our consumer reads."""
    with open(os.environ["RECORDS"], "rb") as file:
        return [tuple(line.rstrip(b"\n").split(b"\t", 1)) for line in file]


def same(read, wrote):
    """Both hold the same records, in whichever order."""
    read, wrote = sorted(read), sorted(wrote)
    assert read == wrote, f"{len(read)} records read, {len(wrote)} written, or they differ"


def until(condition, what):
    """Calls `condition`, which does a piece of work each time, until it is true."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {WAIT_SECONDS_MAX} s"


def run(version, checks):
    """Prints `version` and a line per capability: `NAME ok`, or `NAME FAILED why`."""
    print(f"version\t{version}", flush=True)
    signal.signal(signal.SIGALRM, too_long)
    for check in checks:
        signal.alarm(CHECK_SECONDS_MAX)
        try:
            check()
            outcome = "ok"
        except Exception as error:
            if os.environ.get("TRACE"):
                import traceback
                traceback.print_exc()
            outcome = "FAILED\t" + f"{type(error).__name__}: {error}".replace("\n", " ")
        signal.alarm(0)
        print(f"{check.__name__}\t{outcome}", flush=True)
    # Threads of a client that failed shall not keep the program.
    sys.stdout.flush()
    os._exit(0)


def too_long(*_):
    raise TimeoutError(f"not done within {CHECK_SECONDS_MAX} s")
