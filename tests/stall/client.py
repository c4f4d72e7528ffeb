# SPDX-License-Identifier: MIT OR Apache-2.0
"""Readers that sleep, and one client that is awake: client.py ADDRESS PORT READERS

Each reader has its connection filled and closed by the server; the client that is
awake asks the server after each. The readers wake up when all that is done, but
after a second for each of them at the latest: a server that is kept waiting by
each close for longer has not done it by then.
"""
import socket
import sys
import threading

address, readers = (sys.argv[1], int(sys.argv[2])), int(sys.argv[3])
GIVEN = 100_000
awake = socket.create_connection(address)
lines = awake.makefile("r")


def ask():
    awake.sendall(b"n")
    given, longest = lines.readline().split()
    return int(given), int(longest)


alarm = threading.Event()
timer = threading.Timer(readers, alarm.set)
timer.start()
sleepers, closes, given = [], [], 0
for _ in range(readers):
    reader = socket.create_connection(address)
    reader.sendall(b"g")
    sleepers.append(reader)
    before = given
    longest = 0
    while given == before:
        given, close = ask()
        longest = max(longest, close)
    closes.append(longest)
print("served others before a reader woke up:", not alarm.is_set(), flush=True)
timer.cancel()

received = 0
for reader in sleepers:
    while piece := reader.recv(1 << 20):
        received += len(piece)
print("all of it arrived:", received == given * GIVEN, flush=True)
closes.sort()
print("close, us: median", closes[len(closes) // 2], "longest", closes[-1], file=sys.stderr)
