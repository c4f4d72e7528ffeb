# SPDX-License-Identifier: MIT OR Apache-2.0
"""Takes what is PUT, and says what arrived: put.py ADDRESS PORT"""
import hashlib
import http.server
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        print(len(data), hashlib.sha256(data).hexdigest(), flush=True)
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()


address = (sys.argv[1], int(sys.argv[2]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
