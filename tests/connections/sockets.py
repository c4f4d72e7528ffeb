# SPDX-License-Identifier: MIT OR Apache-2.0
"""Sockets of all kinds, kept open until SIGTERM: what they are is told by themselves.

sockets.py serve   KIND ADDRESS[,...] PORT   echoes
sockets.py connect KIND ADDRESS PORT COUNT FACTS
sockets.py fresh   KIND COUNT FACTS
sockets.py many    KIND ADDRESS PORT COUNT FACTS    connects and is quiet
sockets.py share   KIND ADDRESS PORT COUNT FACTS    COUNT processes with one listener

KIND   tcp, smc (AF_SMC), inet (IPPROTO_SMC)

When all of COUNT are there and have exchanged TOTAL bytes in both directions, FACTS
gets a line of JSON for each: inode, local, peer, is_smc, pid, descriptor.
"""
import ctypes
import json
import os
import resource
import select
import signal
import socket
import sys

PIECE, TOTAL = 10000, 100000
libc = ctypes.CDLL(None, use_errno=True)


def make(kind, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    if kind == "smc":
        # Python has no addresses for AF_SMC; they are those of the other family.
        protocol = 1 if family == socket.AF_INET6 else 0
        number = libc.socket(43, socket.SOCK_STREAM | socket.SOCK_CLOEXEC, protocol)
        if number < 0:
            raise OSError(ctypes.get_errno(), "socket")
        return socket.socket(family, socket.SOCK_STREAM, 0, fileno=number)
    return socket.socket(family, socket.SOCK_STREAM, 256 if kind == "inet" else 0)


def written(end):
    host, port = end[0].split("%")[0].removeprefix("::ffff:"), end[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def facts(connection):
    ask = lambda option: connection.getsockopt(socket.SOL_SOCKET, option)
    try:
        peer = written(connection.getpeername())
    except OSError:
        peer = None
    return {
        "inode": os.fstat(connection.fileno()).st_ino,
        "local": written(connection.getsockname()),
        "peer": peer,
        "is_smc": ask(socket.SO_DOMAIN) == 43 or ask(socket.SO_PROTOCOL) == 256,
        "pid": os.getpid(),
        "descriptor": connection.fileno(),
    }


def tell(path, lines):
    with open(path + ".new", "w", encoding="ascii") as file:
        for line in lines:
            file.write(json.dumps(line) + "\n")
    os.rename(path + ".new", path)
    while True:
        signal.pause()


def receive(connection, count):
    while count > 0:
        data = connection.recv(count)
        assert data
        count -= len(data)


def listening(kind, address, port):
    listener = make(kind, address)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, int(port)))
    listener.listen(1024)
    return listener


def serve(kind, addresses, port):
    listeners, connections = {}, {}
    poll = select.poll()
    for address in addresses.split(","):
        listener = listening(kind, address, port)
        listeners[listener.fileno()] = listener
        poll.register(listener, select.POLLIN)
    while True:
        for number, _ in poll.poll():
            if number in listeners:
                connection, _ = listeners[number].accept()
                connections[connection.fileno()] = connection
                poll.register(connection, select.POLLIN)
            elif data := connections[number].recv(65536):
                connections[number].sendall(data)
            else:
                poll.unregister(number)
                connections.pop(number).close()


def connect(kind, address, port, count, path, exchanges=True):
    connections = []
    for _ in range(int(count)):
        connection = make(kind, address)
        connection.connect((address, int(port)))
        for _ in range(TOTAL // PIECE if exchanges else 0):
            connection.sendall(bytes(PIECE))
            receive(connection, PIECE)
        connections.append(connection)
    tell(path, [facts(connection) for connection in connections])


def fresh(kind, count, path):
    sockets = [make(kind, "") for _ in range(int(count))]
    tell(path, [facts(one) for one in sockets])


def share(kind, address, port, count, path):
    listener = listening(kind, address, port)
    pids = [os.getpid()]
    for _ in range(int(count) - 1):
        pid = os.fork()
        if pid == 0:
            while True:
                signal.pause()
        pids.append(pid)
    tell(path, [facts(listener) | {"pid": pid} for pid in pids])


resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000))
what, arguments = sys.argv[1], sys.argv[2:]
if what == "many":
    connect(*arguments, exchanges=False)
else:
    known = {"serve": serve, "connect": connect, "fresh": fresh, "share": share}
    known[what](*arguments)
