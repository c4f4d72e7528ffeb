# SPDX-License-Identifier: MIT OR Apache-2.0
"""When a thread sleeps in one of these system calls: the kernel knows."""
import os
import time

NUMBERS = {
    "x86_64": {"accept": (43, 288), "poll": (7, 271), "epoll": (232, 281), "connect": (42,)},
    "aarch64": {"accept": (202, 242), "poll": (73,), "epoll": (22,), "connect": (203,)},
    "s390x": {"accept": (364,), "poll": (168, 302), "epoll": (250, 253), "connect": (362,)},
}[os.uname().machine]


def wait_until(happened, what, limit=60):
    """Asks until it is so; fails after a minute."""
    for _ in range(limit * 500):
        if happened():
            return
        time.sleep(0.002)
    raise SystemExit("never: " + what)


def is_asleep(thread, *calls):
    """Whether `thread`, a number, waits in one of these calls."""
    with open(f"/proc/self/task/{thread}/syscall") as file:
        number = file.read().split()[0]
    return number.isdecimal() and any(int(number) in NUMBERS[call] for call in calls)


def wait_until_asleep(thread, *calls):
    wait_until(lambda: is_asleep(thread, *calls), f"asleep in {calls}")
