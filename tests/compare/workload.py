# SPDX-License-Identifier: MIT OR Apache-2.0
"""A server that takes its time to answer, FACTOR times as long, and its client.

workload.py server PORT | client PORT [REQUESTS]
"""

import os
import random
import socket
import sys
import time

port = int(sys.argv[2])
if sys.argv[1] == "server":
    slower = float(os.environ.get("FACTOR", "1"))
    listener = socket.create_server(("127.0.0.1", port))
    while True:
        connection, _ = listener.accept()
        with connection:
            while connection.recv(1):
                time.sleep(random.uniform(0.04, 0.08) * slower)
                connection.sendall(b"x")
else:
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 4
    with socket.create_connection(("127.0.0.1", port)) as connection:
        begun = time.monotonic()
        for _ in range(count):
            connection.sendall(b"x")
            assert connection.recv(1) == b"x"
        print("took", (time.monotonic() - begun) * 1000 / count, "ms")
