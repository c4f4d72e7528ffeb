# SPDX-License-Identifier: MIT OR Apache-2.0
"""An event loop of one thread, as servers are: server.py ADDRESS PORT

A connection says in one byte what it wants: `g` ("give"): GIVEN bytes, after which
it is closed at once. `n` ("now"): a line that says how many were given so, and how
many microseconds the longest close took since it was asked last.
"""
import select
import socket
import sys
import time

# More than the peer's ring holds, less than both rings.
GIVEN = 100_000


class Server:
    def __init__(self, address):
        self.listener = socket.create_server(address, backlog=4096)
        self.listener.setblocking(False)
        self.epoll = select.epoll()
        self.epoll.register(self.listener, select.EPOLLIN)
        self.connections, self.rests = {}, {}
        self.given, self.longest = 0, 0

    def serve(self):
        while True:
            for fd, _ in self.epoll.poll():
                if fd == self.listener.fileno():
                    self.accept()
                elif fd in self.rests:
                    self.give(fd)
                else:
                    self.read(fd)

    def accept(self):
        try:
            connection, _ = self.listener.accept()
        except BlockingIOError:
            return
        connection.setblocking(False)
        self.connections[connection.fileno()] = connection
        self.epoll.register(connection, select.EPOLLIN)

    def read(self, fd):
        connection = self.connections[fd]
        wanted = connection.recv(1)
        if wanted == b"n":
            connection.send(f"{self.given} {self.longest}\n".encode())
            self.longest = 0
        elif wanted == b"g":
            self.rests[fd] = bytes(GIVEN)
            self.epoll.modify(fd, select.EPOLLOUT)
        else:
            self.close(fd)

    def give(self, fd):
        try:
            sent = self.connections[fd].send(self.rests[fd])
        except BlockingIOError:
            return
        self.rests[fd] = self.rests[fd][sent:]
        if not self.rests[fd]:
            self.given += 1
            self.close(fd)

    def close(self, fd):
        self.rests.pop(fd, None)
        self.epoll.unregister(fd)
        connection = self.connections.pop(fd)
        begun = time.monotonic()
        connection.close()
        self.longest = max(self.longest, int((time.monotonic() - begun) * 1e6))


Server((sys.argv[1], int(sys.argv[2]))).serve()
