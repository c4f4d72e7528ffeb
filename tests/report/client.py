# SPDX-License-Identifier: MIT OR Apache-2.0
"""Connects and is answered: client.py HOW ADDRESS PORT COUNT

HOW  waits    each connect waits
     epoll    connects do not wait, epoll and SO_ERROR tell of them, ten at a time,
              and one in eleven goes where nobody listens
     silent   connects do not wait, and nobody asks how they have ended
     killed   as waits, in a process for each that is killed with the connection open
"""
import os
import select
import signal
import socket
import sys

how, address, port, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])


def exchange(connection):
    connection.sendall(b"ping")
    assert connection.recv(4) == b"ping"


def waits():
    with socket.create_connection((address, port)) as connection:
        exchange(connection)


def begin(to):
    connection = socket.socket()
    connection.setblocking(False)
    try:
        connection.connect((address, to))
    except BlockingIOError:
        pass
    return connection


def epoll(number):
    poll = select.epoll()
    begun = {}
    for to in [1] + [port] * number:
        connection = begin(to)
        begun[connection.fileno()] = connection
        poll.register(connection.fileno(), select.EPOLLOUT)
    refused = made = 0
    while begun:
        for fd, _ in poll.poll():
            connection = begun.pop(fd)
            poll.unregister(fd)
            if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                refused += 1
            else:
                connection.setblocking(True)
                exchange(connection)
                made += 1
            connection.close()
    assert (refused, made) == (1, number), (refused, made)


def silent():
    connection = begin(port)
    select.select([], [connection], [])
    connection.setblocking(True)
    exchange(connection)
    connection.close()


if how == "epoll":
    for _ in range(count // 10):
        epoll(10)
elif how == "killed":
    for _ in range(count):
        child = os.fork()
        if child == 0:
            connection = socket.create_connection((address, port))
            exchange(connection)
            os.kill(os.getpid(), signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
else:
    for _ in range(count):
        {"waits": waits, "silent": silent}[how]()
