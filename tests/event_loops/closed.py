# SPDX-License-Identifier: MIT OR Apache-2.0
"""Closes sockets with unsent data, in several ways, and says whether it gets events for
them afterwards, by epoll or by SIGIO. For each way there is a second connection, by which
the reader is asked to read a part, and then the rest, and says when it has: what happens in
between, while some data is unsent still, has happened by then.

closed.py read|close ADDRESS PORT
"""
import fcntl
import os
import select
import signal
import socket
import sys

# So much that there is room in the ring, and the rest still does not fit into the peer's.
PART = 32 * 1024
WAYS = ["close", "shutdown", "dup2", "dup"]
signals = []


def read(address):
    listener = socket.create_server(address)
    for _ in WAYS:
        control, _ = listener.accept()
        connection, _ = listener.accept()
        control.recv(1)
        left = PART
        while left:
            left -= len(connection.recv(left))
        control.sendall(b"p")
        control.recv(1)
        while connection.recv(65536):
            pass
        connection.close()
        control.sendall(b"a")
        # Not before its peer: what it has sent is read.
        control.recv(1)
        control.close()


def fill(connection):
    connection.setblocking(False)
    # What was sent a moment ago makes room when it is in the peer's ring.
    while select.select([], [connection], [], 0.5)[1]:
        connection.send(bytes(65536))


def events_after(way, address):
    control = socket.create_connection(address)
    connection = socket.create_connection(address)
    number = connection.fileno()
    epoll = select.epoll()
    epoll.register(connection, select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET)
    fill(connection)
    epoll.poll(0)
    epoll.register(control, select.EPOLLIN)
    other = None
    if way == "dup":
        other = connection.dup()
    else:
        fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(connection, fcntl.F_GETFL)
        fcntl.fcntl(connection, fcntl.F_SETFL, flags | os.O_ASYNC)
    if way == "shutdown":
        connection.shutdown(socket.SHUT_WR)
    if way == "dup2":
        with open("/dev/null") as null:
            os.dup2(null.fileno(), number)
    signals.clear()
    connection.close()
    control.sendall(b".")
    count = 0
    while True:
        happened = [seen for seen, _ in epoll.poll()]
        count += happened.count(number)
        if other and count:
            other.close()
            other = None
        if control.fileno() in happened:
            if control.recv(1) == b"a":
                break
            control.sendall(b".")
    heard = "" if way == "dup" else ", signals" if signals else ", no signal"
    print(f"{way}: {'events' if count else 'no event'}{heard}", flush=True)
    control.close()
    epoll.close()


address = (sys.argv[2], int(sys.argv[3]))
if sys.argv[1] == "read":
    read(address)
else:
    signal.signal(signal.SIGIO, lambda *_: signals.append(1))
    for way in WAYS:
        events_after(way, address)
