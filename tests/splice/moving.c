/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How data is moved: `length=` bytes at a time at most, with `flags=`, a `socket=` that
 * is blocking, or not and waited for with poll, with epoll or with its edges.
 */
#define _GNU_SOURCE
#include "mover.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

static unsigned int flags(void)
{
	const char *given = value("flags", "");
	unsigned int flags = 0;

	if (strstr(given, "move"))
		flags |= SPLICE_F_MOVE;
	if (strstr(given, "nonblock"))
		flags |= SPLICE_F_NONBLOCK;
	if (strstr(given, "more"))
		flags |= SPLICE_F_MORE;
	return flags;
}

/* A socket, and how it is waited for. */
struct waited {
	int fd, epoll;
	short events;
};

/* Until there is something to do. */
static void wait_for(const struct waited *waited)
{
	struct pollfd polled = { .fd = waited->fd, .events = waited->events };
	struct epoll_event event;
	int ready;

	do
		ready = waited->epoll < 0 ? poll(&polled, 1, -1)
					  : epoll_wait(waited->epoll, &event, 1, -1);
	while (ready < 0 && errno == EINTR);
	if (ready < 0)
		fail("wait");
}

static struct waited prepare(int fd, short events)
{
	struct waited waited = { .fd = fd, .epoll = -1, .events = events };
	struct epoll_event event = { .events = events == POLLIN ? EPOLLIN : EPOLLOUT };

	if (is("socket", "blocking"))
		return waited;
	if (fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK))
		fail("O_NONBLOCK");
	if (is("socket", "poll"))
		return waited;
	if (is("socket", "edge"))
		event.events |= EPOLLET;
	waited.epoll = epoll_create1(0);
	if (waited.epoll < 0 || epoll_ctl(waited.epoll, EPOLL_CTL_ADD, fd, &event))
		fail("epoll");
	/* What is so already is no edge. */
	if (is("socket", "edge"))
		epoll_wait(waited.epoll, &event, 1, 0);
	return waited;
}

/* What is in the pipe goes into the socket; 0, or an error number. */
static int pass_on(const struct way *way, const struct waited *room, size_t rest)
{
	while (rest > 0) {
		ssize_t moved = splice(way->pipe[0], NULL, way->into, NULL, rest, flags());

		if (moved < 0 && errno != EAGAIN)
			return errno;
		if (moved > 0)
			rest -= (size_t)moved;
		/* A part says that the socket is full: an edge comes when it is not. */
		if (moved < 0 || (rest > 0 && is("socket", "edge")))
			wait_for(room);
	}
	return 0;
}

const char *move_all(const struct way *way, unsigned long long *moved)
{
	struct waited data = prepare(way->from, POLLIN), room = { .fd = -1 };
	struct pollfd pipe = { .fd = way->pipe[1], .events = POLLOUT };
	static char end[48];

	if (way->into >= 0)
		room = prepare(way->into, POLLOUT);
	while (*moved != (unsigned long long)number("until", -1)) {
		size_t length = (size_t)number("length", 1L << 30);
		ssize_t some = splice(way->from, NULL, way->pipe[1], NULL, length, flags());
		int error = some < 0 ? errno : 0;

		if (some > 0) {
			*moved += (unsigned long long)some;
			if (way->into >= 0)
				error = pass_on(way, &room, (size_t)some);
		} else if (some < 0 && error == EAGAIN) {
			/* Which of the two: the pipe full, or the socket empty? */
			if (poll(&pipe, 1, 0) == 0)
				poll(&pipe, 1, -1);
			else
				wait_for(&data);
			continue;
		}
		if (some <= 0 || error) {
			say_how(end, "end", error);
			return end;
		}
	}
	return "end";
}
