# SPDX-License-Identifier: MIT OR Apache-2.0
"""Readers that sleep, and one client that is awake: client.py ADDRESS PORT READERS [nginx]

Each reader has its connection filled and closed by the server; the client that is
awake asks the server after each. The readers wake up when all that is done, but
after a second for each of them at the latest: a server that is kept waiting by
each close for longer has not done it by then.
"""
import socket
import sys
import threading
import time

address, readers = (sys.argv[1], int(sys.argv[2])), int(sys.argv[3])
GIVEN = 100_000


class Own:
    """server.py: it times its closes itself."""

    give = b"g"

    def __init__(self):
        self.connection = socket.create_connection(address)
        self.lines = self.connection.makefile("r")

    def ask(self):
        """How many were given and closed, and the longest close since then (us)."""
        self.connection.sendall(b"n")
        given, longest = self.lines.readline().split()
        return int(given), int(longest)

    def is_whole(self, answer):
        return len(answer) == GIVEN


class Nginx:
    """nginx, whose clients can only time how long it leaves them waiting."""

    give = b"GET /given HTTP/1.0\r\n\r\n"

    def __init__(self):
        self.connection = socket.create_connection(address)
        self.lines = self.connection.makefile("r")

    def ask(self):
        begun = time.monotonic()
        self.connection.sendall(b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
        while self.lines.readline() != "\n":
            pass
        active = int(self.lines.readline().split()[2])
        self.lines.readline()
        accepted = int(self.lines.readline().split()[0])
        self.lines.readline()
        return accepted - active, int((time.monotonic() - begun) * 1e6)

    def is_whole(self, answer):
        head, _, body = answer.partition(b"\r\n\r\n")
        return head.startswith(b"HTTP/1.1 200") and len(body) == GIVEN


server = Nginx() if sys.argv[4:] == ["nginx"] else Own()
alarm = threading.Event()
timer = threading.Timer(readers, alarm.set)
timer.start()
sleepers, waits, given = [], [], 0
for _ in range(readers):
    reader = socket.create_connection(address)
    reader.sendall(server.give)
    sleepers.append(reader)
    before = given
    longest = 0
    while given == before:
        given, wait = server.ask()
        longest = max(longest, wait)
    waits.append(longest)
print("served others before a reader woke up:", not alarm.is_set(), flush=True)
timer.cancel()

whole = True
for reader in sleepers:
    answer = b""
    while piece := reader.recv(1 << 20):
        answer += piece
    whole = whole and server.is_whole(answer)
print("all of it arrived:", whole, flush=True)
waits.sort()
print("kept waiting, us: median", waits[len(waits) // 2], "longest", waits[-1], file=sys.stderr)
