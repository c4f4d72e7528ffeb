# SPDX-License-Identifier: MIT OR Apache-2.0
"""Receives COUNT files at once, each until its end, and says what arrived.

receive.py ADDRESS PORT COUNT

A file's first line tells how it wants to be read: `asleep …` after a rest that is
longer than an SMC socket waits for its reader, `slow …` and `slower …` in small pieces.
"""
import hashlib
import signal
import socket
import sys
import threading
import time

REST = 3
SMALL = 16 * 1024
PAUSES = {b"slow": 0.005, b"slower": 0.1}


def receive(connection):
    line = b""
    while not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            break
        line += byte
    total, length = hashlib.sha256(line), len(line)
    if line.startswith(b"asleep"):
        time.sleep(REST)
    while True:
        piece = connection.recv(SMALL)
        if not piece:
            break
        total.update(piece)
        length += len(piece)
        time.sleep(PAUSES.get(line.split()[0], 0))
    connection.close()
    print(line.decode().strip(), length, total.hexdigest(), flush=True)


address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
signal.alarm(300 + 5 * count)
listener = socket.create_server((address, port), backlog=64)
threads = []
for _ in range(count):
    connection, _ = listener.accept()
    thread = threading.Thread(target=receive, args=(connection,))
    thread.start()
    threads.append(thread)
for thread in threads:
    thread.join()
