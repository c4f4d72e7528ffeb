# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the shim costs: measures, compares with its limits, prints a table.

Called by scripts/bench, which describes the options. Program starts are ratios of CPU
times, measured in pairs. All other numbers are counts (instructions by callgrind, system
calls by strace, bytes) of the same run repeated with and without the library, so they do
not depend on the machine's speed.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "bench"
SMC_RUN = ROOT / "smc_run"

# Where smc_run finds smcctl.
TARGET = {name: os.environ[name] for name in ["CARGO_TARGET_DIR"] if name in os.environ}

# The name by which a library finds the stand-in for a kernel.
KERNEL = "smc-bench-kernel.so"
# Calls that are not hooked.
DATA = ["read", "recv", "poll", "select"]
# Calls that move data and are hooked: what they may cost when they have taken all that
# they were given, or have no event that TCP would not have.
HOOKED_DATA = {"write": 16, "send": 16, "sendto": 16, "writev": 40, "sendmsg": 40, "recvmsg": 14, "epoll_wait": 40}
# Calls that are hooked for the sake of SMC sockets: where there is none they look at the
# table of descriptors (dup2 and dup3: at both numbers), and jump.
OTHERS = ["close", "shutdown", "accept", "accept4", "dup", "dup2", "dup3", "fcntl", "_exit"]
# What a hook may cost on what is no SMC socket; two look at two numbers.
HOOK_LIMIT = 12
# Less than half of what the comparator takes; the system call itself takes some thousand.
SOCKET_LIMIT = 100
TWO_NUMBERS = {"dup2": 24, "dup3": 24}
# Program starts in a pair's block, and blocks: a ratio for each block.
STARTS, BLOCKS = 20, 25
# What the start of a program may cost, as CPU time, over the same with a library that
# does nothing.
START_LIMIT = 1.05
# What starting /bin/true by smc_run may cost, as CPU time, over starting it alone.
SMC_RUN_LIMIT = 4.0
# Every list and size, no journal.
FULL_POLICY = {
    "SMC_PORTS": "6379,8000-8999,in:80,out:5432,!22",
    "SMC_PROCESSES": "true,redis-*,/opt/app/**,!curl",
    "SMC_HOSTS": "192.0.2.0/24,2001:db8::/32,!192.0.2.9",
    "SMC_SNDBUF": "256k",
    "SMC_RCVBUF": "256k",
    "SMC_SOCKET": "auto",
    "SMC_REQUIRE": "0",
}
# Lists that have to be asked: all of the program's ports are on the one, none on the other.
LISTED = {"SMC_PORTS": "1-65535"}
UNLISTED = {"SMC_PORTS": "1"}
ASIDE = {"SMC_PROCESSES": "!driver"}


class Failed(Exception):
    """A measurement that did not work, which is no result."""


def run(command, environment=None, **options):
    """Runs `command` in a bare environment."""
    plain = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", **(environment or {})}
    done = subprocess.run(
        command, env=plain, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **options
    )
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stderr}")
    return done


def preload(*libraries, policy=None):
    """An environment in which `libraries` come first."""
    names = [str(library) for library in libraries if library]
    return {**(policy or {}), **({"LD_PRELOAD": ":".join(names)} if names else {})}


class Workshop:
    """The folder with everything that is measured, under names of one length:
    the loader reads names too."""

    def __init__(self, folder, library):
        self.folder = Path(folder)
        self.shim = self.folder / "1.so"
        self.comparator = self.folder / "2.so"
        self.kernel = self.folder / "3.so"
        self.driver = self.folder / "driver"
        self.shim.write_bytes(Path(library).read_bytes())
        # The same before the stand-in for a kernel instead of libc.
        self.comparator_of_calls = self.folder / "4.so"
        self.compile(self.comparator, "comparator.c", "-shared", "-fPIC")
        self.compile(self.kernel, "kernel.c", "-shared", "-fPIC", f"-Wl,-soname,{KERNEL}")
        self.compile(
            self.comparator_of_calls, "comparator.c", "-shared", "-fPIC", f'-DLIBC="{KERNEL}"'
        )
        self.compile(self.driver, "driver.c")
        self.empty = self.folder / "5.so"
        self.compile(self.empty, "empty.c", "-shared", "-fPIC")
        # What a user without smc_run would write.
        self.three_lines = self.folder / "run"
        self.three_lines.write_text(f'#!/bin/bash\nexport LD_PRELOAD={self.comparator}\nexec "$@"\n')
        self.three_lines.chmod(0o755)
        for file in self.folder.iterdir():
            settle(file)

    @staticmethod
    def compile(target, source, *options):
        run(["cc", "-O2", "-Wall", "-Werror", *options, "-o", target, HERE / source, "-ldl"])

    def start(self, library, policy):
        """Instructions of /bin/true from the kernel's first to the last."""
        counts = self.folder / "start"
        environment = preload(library, policy=policy)
        run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}", "/bin/true"], environment)
        return int(re.search(r"^(?:summary|totals): (\d+)", counts.read_text(), re.M)[1])

    def added_at_start(self, library, policy):
        """Instructions that `library` adds to the start of a program."""
        added = [self.start(library, policy) - self.start(None, policy) for _ in range(2)]
        if added[0] != added[1]:
            raise Failed(f"two runs disagree: {added} instructions at program start")
        return added[0]

    def start_ratio(self, library, other):
        """CPU time of starting /bin/true with `library` over the same with `other` (None:
        nothing is preloaded), as of `command_ratio`."""
        return self.command_ratio([], preload(library), preload(other))

    def command_ratio(self, wrapper, variables, others):
        """CPU time of starting `wrapper` /bin/true with `variables` over starting /bin/true
        with `others`: the median of the blocks' ratios, and where it lies with a confidence
        of 95 % (by the ranks of the ratios)."""

        def cpu_time(command, variables):
            environment = {"LC_ALL": "C", "PATH": "/usr/bin:/bin", **TARGET, **variables}
            child = os.posix_spawn(command[0], command, environment)
            _, status, usage = os.wait4(child, 0)
            if status != 0:
                raise Failed(f"{command} with {variables}: status {status}")
            return usage.ru_utime + usage.ru_stime

        true = ["/bin/true"]
        ratios = []
        for _ in range(BLOCKS):
            pairs = [(cpu_time([*wrapper, *true], variables), cpu_time(true, others)) for _ in range(STARTS)]
            ratios.append(sum(one for one, _ in pairs) / sum(two for _, two in pairs))
        ratios.sort()
        # Of 25 values the 8th and the 18th.
        return ratios[BLOCKS // 2], ratios[7], ratios[17]

    def per_call(self, library, policy=None):
        """Instructions of each call of the driver: what the longer loop took
        more than the shorter one, divided."""
        base = self.folder / "calls"
        for old in self.folder.glob("calls*"):
            old.unlink()
        run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={base}", self.driver],
            preload(library, self.kernel, policy=policy),
        )
        counts = {}
        for dump in self.folder.glob("calls.*"):
            text = dump.read_text()
            mark = re.search(r"^desc: Trigger: Client Request: (.+) (\d+)$", text, re.M)
            if mark:
                total = re.search(r"^(?:summary|totals): (\d+)", text, re.M)
                counts.setdefault(mark[1], {})[int(mark[2])] = int(total[1])
        return {call: slope(call, lengths) for call, lengths in counts.items()}

    def system_calls(self, library, policy=None):
        """System calls of each call of the driver, counted the same way."""
        trace = self.folder / "trace"
        environment = preload(library, self.kernel, policy=policy)
        settings = [word for pair in environment.items() for word in ("-E", "=".join(pair))]
        run(["strace", "-o", trace, *settings, self.driver])
        counts, mark = {}, None
        for line in trace.read_text().splitlines():
            begins = re.match(r'write\(-1, "(.+) (\d+)", ', line)
            if begins:
                mark = begins[1], int(begins[2])
                counts.setdefault(mark[0], {})[mark[1]] = 0
            elif line.startswith('write(-1, "end"'):
                mark = None
            elif mark:
                counts[mark[0]][mark[1]] += 1
        return {call: slope(call, lengths) for call, lengths in counts.items()}

    def private_dirty(self, library, policy):
        """Private dirty memory in KiB of a program that made one socket: all
        of it, the library's own pages, heap, stack and what the loader keeps.
        The lowest of some runs, since a page more or less depends on where the
        kernel puts the stack."""
        environment = preload(library, self.kernel, policy=policy)
        return min(int(run([self.driver, "memory"], environment).stdout) for _ in range(5))


def settle(file):
    """Has the file written to disk: until then the kernel calls its pages dirty
    in every process that maps them."""
    with open(file, "rb") as opened:
        os.fsync(opened.fileno())


def slope(call, lengths):
    """What one call takes. Whole numbers, or the count is not to be trusted."""
    if len(lengths) != 2:
        raise Failed(f"{call}: measured with {len(lengths)} lengths instead of 2")
    (short, low), (long, high) = sorted(lengths.items())
    each, rest = divmod(high - low, long - short)
    if rest:
        raise Failed(f"{call}: {high - low} for {long - short} calls is no whole number")
    return each


def exported(library):
    """The symbols that a library defines for others."""
    lines = run(["nm", "--dynamic", "--defined-only", library]).stdout.splitlines()
    return sorted(line.split()[-1] for line in lines)


# One of redhook's, by itself or in a macro, or one that is no such hook.
HOOK = r"^(?:[a-z_]+! \{ | {4}(?=unsafe fn)|(?<=#\[no_mangle\]\n)(?=unsafe extern \"C-unwind\"))unsafe (?:extern \"C-unwind\" )?fn (\w+)(?:\(| =>)"


def hooks():
    """The interposed calls, as the source says."""
    files = [ROOT / "src" / "hooks.rs", *(ROOT / "src" / "hooks").glob("*.rs")]
    return sorted(
        name
        for file in files
        for name in re.findall(HOOK, file.read_text(), re.M)
    )


class Table:
    """The rows, and whether a promise is broken."""

    def __init__(self):
        self.rows = []

    def add(self, what, value, unit, limit=None, comparator=None):
        """`limit`: the most that `value` may be, or exactly what it must be if
        it is a list."""
        is_exact = isinstance(limit, list)
        kept = limit is None or (value == limit if is_exact else value <= limit)
        self.rows.append(
            {"what": what, "value": value, "unit": unit, "limit": limit, "comparator": comparator, "kept": kept}
        )

    def is_kept(self):
        return all(row["kept"] for row in self.rows)

    def print(self):
        def cell(value):
            if value is None:
                return "-"
            return f"{len(value)} names" if isinstance(value, list) else str(value)

        lines = [("", "shim", "comparator", "limit", "")]
        for row in self.rows:
            lines.append(
                (
                    f"{row['what']} ({row['unit']})",
                    *(cell(row[column]) for column in ("value", "comparator", "limit")),
                    "" if row["kept"] else "BROKEN",
                )
            )
        widths = [max(map(len, column)) for column in zip(*lines)]
        for first, *others in lines:
            cells = [cell.rjust(width) for cell, width in zip(others, widths[1:])]
            print("  ".join([first.ljust(widths[0]), *cells]).rstrip())
        for row in self.rows:
            if isinstance(row["value"], list):
                print(f"\n{row['what']}: {' '.join(row['value'])}")


def measure(shop):
    """All rows."""
    table = Table()
    instructions, calls = "instructions", "system calls"

    for other, what, limit in [(None, "nothing", None), (shop.empty, "an empty library", START_LIMIT)]:
        median, low, high = shop.start_ratio(shop.shim, other)
        theirs, _, _ = shop.start_ratio(shop.comparator, other)
        what = f"program start over {what} [{low:.3f}, {high:.3f}]"
        table.add(what, round(median, 3), "CPU time ratio", limit, round(theirs, 3))
    median, low, high = shop.command_ratio([str(SMC_RUN)], {}, {})
    theirs, _, _ = shop.command_ratio([str(shop.three_lines)], {}, {})
    what = f"smc_run true over true [{low:.3f}, {high:.3f}]"
    table.add(what, round(median, 3), "CPU time ratio", SMC_RUN_LIMIT, round(theirs, 3))
    theirs = shop.added_at_start(shop.comparator, FULL_POLICY)
    empty = shop.added_at_start(shop.shim, {})
    table.add("program start, no variable set", empty, instructions, None, theirs)
    full = shop.added_at_start(shop.shim, FULL_POLICY)
    table.add("program start, full policy", full, instructions, None, theirs)

    bare = shop.per_call(None)
    shim = shop.per_call(shop.shim)
    aside = shop.per_call(shop.shim, ASIDE)
    listed = shop.per_call(shop.shim, LISTED)
    unlisted = shop.per_call(shop.shim, UNLISTED)
    other = shop.per_call(shop.comparator_of_calls)

    def added(what, call, counts=shim, limit=None, with_comparator=True):
        theirs = other[call] - bare[call] if with_comparator else None
        table.add(what, counts[call] - bare[call], instructions, limit, theirs)

    added("socket(), takes part", "socket", limit=SOCKET_LIMIT)
    added("socket() with flags and IPPROTO_TCP", "socket by name", limit=SOCKET_LIMIT)
    added("socket(), does not take part", "socket", aside, limit=SOCKET_LIMIT, with_comparator=False)
    added("socket() of UDP", "socket other")
    added("connect(), no lists", "connect")
    added("connect(), on the lists", "connect", listed)
    added("connect(), not on the lists", "connect", unlisted)
    added("listen(), no lists", "listen")
    added("listen(), on the lists", "listen", listed)
    added("listen(), not on the lists", "listen", unlisted)
    added("setsockopt(SOL_SOCKET)", "setsockopt")
    added("setsockopt(IPPROTO_TCP)", "setsockopt TCP")
    added("getsockopt()", "getsockopt")
    # Of descriptors that are no SMC sockets, or of a process that has none.
    for call in OTHERS:
        added(f"{call}()", call, limit=TWO_NUMBERS.get(call, HOOK_LIMIT))
    for call, limit in HOOKED_DATA.items():
        added(f"{call}()", call, limit=limit)
    for call in DATA:
        added(f"{call}()", call, limit=0)

    bare = shop.system_calls(None)
    shim = shop.system_calls(shop.shim)
    listed = shop.system_calls(shop.shim, LISTED)
    unlisted = shop.system_calls(shop.shim, UNLISTED)
    for call in sorted(bare):
        table.add(f"{call}, no lists", shim[call] - bare[call], calls, 0)
    # One question: whether the address can be read.
    table.add("connect, on the lists", listed["connect"] - bare["connect"], calls, 1)
    table.add("connect, not on the lists", unlisted["connect"] - bare["connect"], calls, 2)
    table.add("listen, on the lists", listed["listen"] - bare["listen"], calls, 1)
    table.add("listen, not on the lists", unlisted["listen"] - bare["listen"], calls, 2)

    before = shop.private_dirty(None, FULL_POLICY)
    policy = {**FULL_POLICY, "SMC_PROCESSES": "driver"}
    memory = shop.private_dirty(shop.shim, policy) - before
    theirs = shop.private_dirty(shop.comparator_of_calls, {}) - before
    table.add("private dirty memory", memory, "KiB", 64, theirs)
    table.add("size of the library", -(-shop.shim.stat().st_size // 1024), "KiB", 400)
    table.add("exported symbols", exported(shop.shim), "exactly the hooks", hooks())
    return table


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", add_help=False)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--library", default=ROOT / "target" / "release" / "libsmc_shim.so")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        try:
            table = measure(Workshop(folder, options.library))
        except (Failed, OSError) as problem:
            print(f"scripts/bench: {problem}", file=sys.stderr)
            return 3
    if options.json:
        print(json.dumps(table.rows, indent=1))
    else:
        table.print()
    if not table.is_kept():
        print("scripts/bench: a promise is broken", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
