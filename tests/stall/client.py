# SPDX-License-Identifier: MIT OR Apache-2.0
"""Readers that sleep, and one client that is awake: client.py ADDRESS PORT READERS KIND

Each reader has its connection filled and closed by the server, whose KIND is own,
node, nginx or redis; the client that is awake asks the server after each. The
readers wake up when all that is done, but after a second for each of them at the
latest: a server that is kept waiting by each close for longer has not done it by then.
"""
import socket
import sys
import threading
import time

address, readers, kind = (sys.argv[1], int(sys.argv[2])), int(sys.argv[3]), sys.argv[4]
GIVEN = 100_000


class Server:
    """What the client that is awake has to do with each kind of server."""

    # What a reader asks for, and what surrounds the GIVEN bytes it gets.
    give, head, tail = b"g", b"", b""

    def __init__(self):
        self.connection = socket.create_connection(address)
        self.lines = self.connection.makefile("r")

    def line(self):
        line = self.lines.readline()
        if not line:
            raise EOFError(f"{kind} ended the connection")
        return line.rstrip("\n")

    def timed(self):
        """How many were given and closed, and how long asking took (us)."""
        begun = time.monotonic()
        given = self.given()
        return given, int((time.monotonic() - begun) * 1e6)

    def is_whole(self, answer):
        body = answer.removeprefix(self.head).removesuffix(self.tail)
        return len(body) == GIVEN == len(answer) - len(self.head) - len(self.tail)


class Own(Server):
    """server.py: it times its closes itself."""

    def timed(self):
        self.connection.sendall(b"n")
        given, longest = self.line().split()
        return int(given), int(longest)


class Node(Server):
    def given(self):
        self.connection.sendall(b"n")
        return int(self.line())


class Nginx(Server):
    give = b"GET /given HTTP/1.0\r\n\r\n"

    def given(self):
        self.connection.sendall(b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
        while self.line():
            pass
        active, _, counts, _ = (self.line() for _ in range(4))
        return int(counts.split()[0]) - int(active.split()[2])

    def is_whole(self, answer):
        head, _, body = answer.partition(b"\r\n\r\n")
        return head.startswith(b"HTTP/1.1 200") and len(body) == GIVEN


class Redis(Server):
    give, head, tail = b"GET given\r\nQUIT\r\n", b"$%d\r\n" % GIVEN, b"\r\n+OK\r\n"

    def __init__(self):
        super().__init__()
        self.connection.sendall(b"SETRANGE given %d 0\r\n" % (GIVEN - 1))
        self.line()

    def given(self):
        self.connection.sendall(b"INFO clients\r\nINFO stats\r\n")
        counts = {}
        for _ in range(2):
            while line := self.line():
                name, _, value = line.partition(":")
                counts[name] = value
        return int(counts["total_connections_received"]) - int(counts["connected_clients"])


server = {"own": Own, "node": Node, "nginx": Nginx, "redis": Redis}[kind]()
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
        given, wait = server.timed()
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
