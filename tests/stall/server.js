// SPDX-License-Identifier: MIT OR Apache-2.0
// What server.py is, in node: server.js ADDRESS PORT
//
// A connection that says `g` is given GIVEN bytes and closed, one that says `n`
// hears how many were closed so.
"use strict";
const net = require("node:net");

const [address, port] = process.argv.slice(2);
const GIVEN = 100_000;
let given = 0;

const server = net.createServer((connection) => {
  connection.on("data", (wanted) => {
    if (wanted.toString() === "n") {
      connection.write(`${given}\n`);
    } else {
      connection.on("close", () => (given += 1));
      connection.write(Buffer.alloc(GIVEN));
      connection.destroySoon();
    }
  });
});
server.listen(Number(port), address, 4096);
