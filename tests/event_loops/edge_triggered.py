# SPDX-License-Identifier: MIT OR Apache-2.0
"""Does the jobs of kit/job.rs with edge-triggered epoll by hand, as epoll(7) allows:
a send that took only a part says that there is no more room, and is not repeated.

edge_triggered.py listen ADDRESS PORT LIMIT COUNT, or connect ADDRESS PORT LIMIT JOB…
"""
import select
import socket
import sys
import time

from content import HEAD, Job

mode, address, limit, rest = sys.argv[1], (sys.argv[2], int(sys.argv[3])), int(sys.argv[4]), sys.argv[5:]
BOTH = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
epoll = select.epoll()
connections = {}


class Connection:
    def __init__(self, sock, job=None):
        self.sock, self.job = sock, job
        self.unsent = memoryview(b"")
        self.sending = self.receiving = True
        self.writable, self.said = False, job is None
        sock.setblocking(False)
        epoll.register(sock, BOTH)
        connections[sock.fileno()] = self

    def happened(self, events):
        self.writable |= bool(events & select.EPOLLOUT)
        if events & select.EPOLLIN and self.receiving:
            self.receive()
        if self.job and self.writable and self.sending:
            self.send()
        if not self.sending and not self.receiving:
            del connections[self.sock.fileno()]
            self.sock.close()

    def receive(self):
        try:
            while True:
                if not self.job:
                    # It comes by one call, or not at all.
                    self.job = Job(self.sock.recv(HEAD).decode(), connects=False)
                    continue
                data = self.sock.recv(65536)
                if not data:
                    break
                self.job.came(data)
        except BlockingIOError:
            return
        except OSError as error:
            self.receiving = False
            self.job.receiving_ended(error)
            return
        self.receiving = False
        self.job.receiving_ended()

    def send(self):
        try:
            if not self.said:
                self.said = True
                self.sock.sendall(self.job.head)
            while True:
                self.unsent = self.unsent or self.job.piece()
                if not self.unsent:
                    break
                count = self.sock.send(self.unsent)
                self.job.sent += count
                is_short = count < len(self.unsent)
                self.unsent = self.unsent[count:]
                if is_short:
                    self.writable = False
                    return
            self.sock.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            self.writable = False
            return
        except OSError as error:
            self.sending = False
            self.job.sending_ended(error)
            return
        self.sending = False
        self.job.sending_ended()


expected, listener = 0, None
if mode == "listen":
    expected, listener = int(rest[0]), socket.create_server(address, backlog=128)
    epoll.register(listener, select.EPOLLIN)
else:
    for text in rest:
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(address)
        Connection(sock, Job(text, connects=True))

end = time.monotonic() + limit
while expected or connections:
    left = end - time.monotonic()
    if left <= 0:
        for connection in connections.values():
            if connection.job:
                connection.job.report()
        sys.exit(1)
    for number, events in epoll.poll(left):
        if listener and number == listener.fileno():
            Connection(listener.accept()[0])
            expected -= 1
        else:
            connections[number].happened(events)
