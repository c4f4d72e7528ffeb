# SPDX-License-Identifier: MIT OR Apache-2.0
"""Connections one after the other and at once: client.py HOW ADDRESS PORT COUNT

`blocking`: a first one, and then COUNT more. `asyncio`: the same without blocking,
COUNT at once. `repaired COMMAND`: a first one, then COMMAND, and then others until
one of them is SMC, for a minute.
"""
import asyncio
import ctypes
import os
import socket
import subprocess
import sys
import time

how, address, count = sys.argv[1], (sys.argv[2], int(sys.argv[3])), int(sys.argv[4])
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
GETSOCKOPT = {"x86_64": 55, "aarch64": 209, "s390x": 365}[os.uname().machine]


def is_smc(connection):
    """The kernel's own answer."""
    value, length = ctypes.c_int(), ctypes.c_int(4)
    arguments = (connection.fileno(), socket.SOL_SOCKET, socket.SO_PROTOCOL)
    kernel = ctypes.CDLL(None).syscall
    assert kernel(GETSOCKOPT, *arguments, ctypes.byref(value), ctypes.byref(length)) == 0
    return value.value == 256


def ask():
    with socket.create_connection(address) as connection:
        connection.sendall(REQUEST)
        with connection.makefile("rb") as answer:
            assert answer.read().endswith(b"served\n")
        return is_smc(connection)


async def ask_without_blocking():
    reader, writer = await asyncio.open_connection(*address)
    writer.write(REQUEST)
    assert (await reader.read()).endswith(b"served\n")
    writer.close()
    await writer.wait_closed()


async def without_blocking():
    await timed_async("first", [ask_without_blocking()])
    await timed_async("others", [ask_without_blocking() for _ in range(count)])


async def timed_async(name, tasks):
    begun = time.monotonic()
    await asyncio.gather(*tasks)
    print(f"{name} {time.monotonic() - begun:.3f} s", file=sys.stderr)


def timed(name, count):
    begun = time.monotonic()
    for _ in range(count):
        ask()
    print(f"{name} {time.monotonic() - begun:.3f} s", file=sys.stderr)


if how == "blocking":
    timed("first", 1)
    timed("others", count)
elif how == "asyncio":
    asyncio.run(without_blocking())
else:
    assert not ask()
    subprocess.run(sys.argv[5:], check=True)
    deadline = time.monotonic() + 60
    while not ask():
        assert time.monotonic() < deadline, "never SMC again"
        time.sleep(0.2)
print("all served")
