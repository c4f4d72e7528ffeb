# SPDX-License-Identifier: MIT OR Apache-2.0
"""Has connections until it is ended: hold.py ADDRESS PORT COUNT READY

Each has sent and received when something listens on the port READY."""
import signal
import socket
import sys

address, port, count, ready = sys.argv[1], *map(int, sys.argv[2:])
held = [socket.create_connection((address, port)) for _ in range(count)]
for connection in held:
    for _ in range(3):
        # One request to send, two to receive: neither is taken for the other.
        connection.sendall(b"pingpong")
        assert connection.recv(4) == b"ping"
        assert connection.recv(4) == b"pong"
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", ready))
listener.listen()
signal.sigwait({signal.SIGTERM})
