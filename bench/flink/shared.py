"""Starts N processes of a job and stops them when their group has read all; prints wall and CPU seconds and peak memory."""
import json
import os
import signal
import subprocess
import sys
import time

count, group, bootstrap, command = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]


def is_done():
    told = subprocess.run([command[0], "group", "describe", group, "--bootstrap", bootstrap, "--output", "json"],
                          capture_output=True, text=True)
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    lags = [row["lag"] for row in rows if row.get("lag") is not None]
    return len(lags) == PARTITIONS and not any(lags)


PARTITIONS = 6
began = time.monotonic()
processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(count)]
while not is_done():
    if any(process.poll() is not None for process in processes):
        sys.exit("a process of the job has ended")
wall = time.monotonic() - began
cpu = peak = 0
for process in processes:
    process.send_signal(signal.SIGTERM)
for process in processes:
    _, _, used = os.wait4(process.pid, 0)
    cpu += used.ru_utime + used.ru_stime
    peak = max(peak, used.ru_maxrss / 1024)
print(f"{wall:.3f} {cpu:.3f} {peak:.0f}")
