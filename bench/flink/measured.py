"""Runs a command; prints wall seconds, CPU seconds and peak memory in MiB of it, and what it said of its job."""
import resource
import subprocess
import sys
import time

began = time.monotonic()
ran = subprocess.run(sys.argv[1:], capture_output=True, text=True)
wall = time.monotonic() - began
if ran.returncode:
    sys.exit(f"{' '.join(sys.argv[1:])}: {ran.returncode}\n{ran.stdout}{ran.stderr}")
used = resource.getrusage(resource.RUSAGE_CHILDREN)
# Flink says what its job took without the JVM's start, ours what it took without connecting.
job = wall
for line in ran.stdout.splitlines():
    if line.startswith("job "):
        job = float(line.split()[1])
    elif line.endswith(" seconds"):
        job = float(line.split()[-2])
print(f"{wall:.3f} {job:.3f} {used.ru_utime + used.ru_stime:.3f} {used.ru_maxrss / 1024:.0f}")
