# SPDX-License-Identifier: MIT OR Apache-2.0
"""Does the jobs of kit/job.rs with the streams of asyncio.

streams_asyncio.py listen ADDRESS PORT LIMIT COUNT, or connect ADDRESS PORT LIMIT JOB…
"""
import asyncio
import sys

from content import HEAD, Job

mode, address, limit, rest = sys.argv[1], sys.argv[2:4], int(sys.argv[4]), sys.argv[5:]
jobs = []


async def send(writer, job):
    try:
        while piece := job.piece():
            writer.write(piece)
            await writer.drain()
            job.sent += len(piece)
        writer.write_eof()
    except OSError as error:
        job.sending_ended(error)
    else:
        job.sending_ended()


async def receive(reader, job):
    try:
        while data := await reader.read(65536):
            job.came(data)
    except OSError as error:
        job.receiving_ended(error)
    else:
        job.receiving_ended()


async def do(reader, writer, job):
    jobs.append(job)
    await asyncio.gather(send(writer, job), receive(reader, job))
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        pass  # the report has it


async def connect(text):
    job = Job(text, connects=True)
    reader, writer = await asyncio.open_connection(*address)
    writer.write(job.head)
    await do(reader, writer, job)


async def listen(count):
    ended = asyncio.Semaphore(0)

    async def serve(reader, writer):
        head = await reader.readexactly(HEAD)
        await do(reader, writer, Job(head.decode(), connects=False))
        ended.release()

    await asyncio.start_server(serve, *address, backlog=128)
    for _ in range(count):
        await ended.acquire()


async def main():
    if mode == "listen":
        work = listen(int(rest[0]))
    else:
        work = asyncio.gather(*map(connect, rest))
    try:
        await asyncio.wait_for(work, limit)
    except asyncio.TimeoutError:
        for job in jobs:
            if len(job.ends) < 2:
                job.report()
        sys.exit(1)


asyncio.run(main())
