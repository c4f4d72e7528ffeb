# SPDX-License-Identifier: MIT OR Apache-2.0
"""Echoes on each PORT, a process for each connection: server.py ADDRESS PORT..."""
import os
import select
import signal
import socket
import sys

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
listeners = []
for port in sys.argv[2:]:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((sys.argv[1], int(port)))
    listener.listen(64)
    listeners.append(listener)
while True:
    for listener in select.select(listeners, [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            while data := connection.recv(4096):
                connection.sendall(data)
            os._exit(0)
        connection.close()
