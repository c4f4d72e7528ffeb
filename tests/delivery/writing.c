/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Ways of writing. `bytes=` is how much on each connection.
 */
#define _GNU_SOURCE
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Nothing more fits when it does not for so many milliseconds. */
#define FULL_AFTER 500
/* Nor is written for longer (seconds): on a slow machine readers may be awake before
 * all is full. */
#define FULL_BY 30
/* TCP's buffers take less. */
#define MOST_THAT_FITS (16L << 20)

static char buffer[65536];

/* The next bytes of the content, without going on in it. */
static void make(const struct connection *c, size_t length)
{
	unsigned long long state = c->state;
	size_t i;

	for (i = 0; i < length; i++) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		buffer[i] = (char)(state >> 56);
	}
}

/* So many of them are written. */
static void went(struct connection *c, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++) {
		c->state = c->state * 6364136223846793005ULL + 1442695040888963407ULL;
		c->sum = (c->sum ^ (unsigned char)buffer[i]) * 0x100000001b3ULL;
	}
	c->written += (long)length;
}

/* One call; 0 when nothing fits. */
static size_t some(struct connection *c, size_t length, int flags)
{
	ssize_t done;

	make(c, length);
	done = send(c->fd, buffer, length, flags);
	if (done < 0 && errno != EAGAIN)
		fail("send");
	if (done < 0)
		return 0;
	went(c, (size_t)done);
	return (size_t)done;
}

/* All on one connection, with calls of so many bytes. */
static void in_pieces(struct connection *c, long bytes, long piece, int flags)
{
	while (c->written < bytes) {
		long rest = bytes - c->written;

		some(c, (size_t)(rest < piece ? rest : piece), flags);
	}
}

static void set_non_blocking(void)
{
	int i;

	for (i = 0; i < count; i++)
		if (fcntl(connections[i].fd, F_SETFL, O_RDWR | O_NONBLOCK))
			fail("O_NONBLOCK");
}

/* On all connections by turns, as there is room; until there is none for a
 * while, if `patience` is not negative. */
static void as_fits(long bytes, int patience)
{
	struct pollfd polled[MOST];
	time_t end = time(NULL) + FULL_BY;
	int i, left, ready;

	set_non_blocking();
	for (;;) {
		for (i = left = 0; i < count; i++) {
			polled[i].fd = connections[i].written < bytes ? connections[i].fd : -1;
			polled[i].events = POLLOUT;
			left += polled[i].fd >= 0;
		}
		if (!left)
			return;
		ready = poll(polled, (nfds_t)count, patience);
		if (ready < 0 && errno != EINTR)
			fail("poll");
		if (ready == 0 || (patience >= 0 && time(NULL) > end))
			return;
		for (i = 0; ready > 0 && i < count; i++) {
			long rest = bytes - connections[i].written;

			if (polled[i].fd >= 0 && polled[i].revents)
				some(&connections[i], (size_t)(rest < 16384 ? rest : 16384), 0);
		}
	}
}

/* What the C library makes of it: the end of it stays in its buffer. */
static void by_stream(struct connection *c, long bytes)
{
	while (c->written < bytes) {
		long rest = bytes - c->written;
		size_t piece = (size_t)(rest < 1000 ? rest : 1000);

		make(c, piece);
		if (fwrite(buffer, 1, piece, c->stream) != piece)
			fail("fwrite");
		went(c, piece);
	}
}

static void write_on(struct connection *c, long bytes)
{
	int on = 1;

	if (is("write", "blocking"))
		in_pieces(c, bytes, sizeof(buffer), 0);
	else if (is("write", "small"))
		in_pieces(c, bytes, 37, 0);
	else if (is("write", "more"))
		in_pieces(c, bytes, 500, MSG_MORE);
	else if (is("write", "cork")) {
		if (setsockopt(c->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on)))
			fail("TCP_CORK");
		in_pieces(c, bytes, 500, 0);
	} else if (is("write", "stream")) {
		c->stream = fdopen(c->fd, "w");
		by_stream(c, bytes);
	} else if (is("write", "stdout")) {
		dup2(c->fd, STDOUT_FILENO);
		close(c->fd);
		c->fd = STDOUT_FILENO;
		c->stream = stdout;
		by_stream(c, bytes);
	} else {
		fail("write=");
	}
}

void write_all(void)
{
	long bytes = atol(value("bytes", "0"));
	int i;

	if (is("write", "non-blocking"))
		as_fits(bytes, -1);
	else if (is("write", "fill"))
		as_fits(MOST_THAT_FITS, FULL_AFTER);
	else
		for (i = 0; i < count; i++)
			write_on(&connections[i], bytes);
	for (i = 0; i < count; i++)
		say("wrote %d %ld %016llx", i, connections[i].written, connections[i].sum);
}
