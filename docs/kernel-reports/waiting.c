// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Events that a program waits for on an SMC socket and does not get.
 *
 *	cc -Wall -pthread -o waiting waiting.c
 *	./waiting epollout|shutdown-rd|second-connect|full-ring [tcp]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <time.h>

#include "pair.h"

static void set_nonblocking(int fd)
{
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK))
		err(1, "O_NONBLOCK");
}

static const char *event_names(unsigned int events)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s%s%s%s%s", events & EPOLLIN ? " IN" : "",
		 events & EPOLLOUT ? " OUT" : "", events & EPOLLERR ? " ERR" : "",
		 events & EPOLLHUP ? " HUP" : "", events & EPOLLRDHUP ? " RDHUP" : "");
	return events ? text : " none";
}

/* A short send; the peer reads all of it: is there an edge? */
static int epollout(void)
{
	static char bytes[16 << 20];
	struct epoll_event event = { .events = EPOLLOUT | EPOLLET };
	struct pair pair = connected();
	int epoll = epoll_create1(0), edges;
	ssize_t taken, read_all = 0;

	set_nonblocking(pair.client);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, pair.client, &event) ||
	    epoll_wait(epoll, &event, 1, MS) != 1)
		err(1, "epoll");
	taken = send(pair.client, bytes, sizeof(bytes), 0);
	printf("send takes %zd of %zu bytes\n", taken, sizeof(bytes));
	while (read_all < taken) {
		ssize_t count = read(pair.server, bytes, sizeof(bytes));

		if (count <= 0)
			err(1, "read");
		read_all += count;
	}
	edges = epoll_wait(epoll, &event, 1, 5 * MS);
	printf("the peer has read %zd; edge-triggered epoll:%s\n", read_all,
	       edges == 1 ? event_names(event.events) : " nothing in 5 s");
	printf("poll, which asks:%s\n",
	       event_names(poll(&(struct pollfd){ pair.client, POLLOUT, 0 }, 1, 0) == 1 ? EPOLLOUT : 0));
	return edges != 1;
}

static void *receives(void *fd)
{
	char byte;

	return (void *)(long)recv(*(int *)fd, &byte, 1, 0);
}

/* Another thread waits in recv while this one shuts down the receiving side. */
static int shutdown_rd(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET };
	struct pair pair = connected();
	int epoll = epoll_create1(0), edges;
	struct timespec until;
	pthread_t thread;
	int woken;

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, pair.client, &event) ||
	    pthread_create(&thread, NULL, receives, &pair.client))
		err(1, "setup");
	usleep(300 * MS);
	if (shutdown(pair.client, SHUT_RD))
		err(1, "shutdown");
	edges = epoll_wait(epoll, &event, 1, 3 * MS);
	printf("epoll:%s\n", edges == 1 ? event_names(event.events) : " nothing in 3 s");
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 3;
	woken = !pthread_timedjoin_np(thread, NULL, &until);
	printf("recv in another thread: %s\n", woken ? "ends" : "waits on");
	return edges != 1 || !woken;
}

static const char *connects(int fd, const struct sockaddr_in *at)
{
	int failed = connect(fd, (const struct sockaddr *)at, sizeof(*at));

	return failed ? strerrorname_np(errno) : "0";
}

/* A non-blocking connect; a second connect asks for its outcome, as Perl's IO::Socket and
 * Twisted do, after the peer has sent data and closed.
 */
static int second_connect(void)
{
	struct sockaddr_in at;
	int at_first = listener(&at), client = new_socket(), server, wrong;
	const char *second, *third;

	set_nonblocking(client);
	printf("first connect: %s\n", connects(client, &at));
	server = accept(at_first, NULL, NULL);
	if (server < 0)
		err(1, "accept");
	must_be_right_kind(server);
	send_letters(server, 'A');
	close(server);
	wait_until_readable(client, COUNT);
	if (poll(&(struct pollfd){ client, POLLRDHUP, 0 }, 1, 10 * MS) != 1)
		errx(1, "the peer's close does not come");
	second = connects(client, &at);
	third = connects(client, &at);
	printf("the peer has sent and closed; second connect: %s, third: %s\n", second, third);
	wrong = strcmp(second, "0") || strcmp(third, "EISCONN");
	return wrong;
}

/* A sender with a full buffer waits for space, and the peer closes. */
static int full_ring(void)
{
	static char bytes[65536];
	struct epoll_event event = { .events = EPOLLOUT | EPOLLET };
	struct pair pair = connected();
	int epoll = epoll_create1(0), events = 0, left = 6;
	ssize_t count;

	set_nonblocking(pair.client);
	do {
		count = send(pair.client, bytes, sizeof(bytes), 0);
	} while (count > 0 || poll(&(struct pollfd){ pair.client, POLLOUT, 0 }, 1, 300) == 1);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, pair.client, &event))
		err(1, "epoll");
	close(pair.server);
	/* All that is told in 3 s, bits together. */
	while (left-- > 0)
		if (epoll_wait(epoll, &event, 1, MS / 2) == 1)
			events |= event.events;
	count = send(pair.client, bytes, sizeof(bytes), MSG_NOSIGNAL);
	printf("the peer has closed with data unread; the sender's epoll:%s\n", event_names(events));
	printf("a send would not wait: %s\n", count < 0 ? strerrorname_np(errno) : "0");
	return !(events & (EPOLLOUT | EPOLLHUP));
}

static const struct one_case cases[] = {
	{ "epollout", epollout },
	{ "shutdown-rd", shutdown_rd },
	{ "second-connect", second_connect },
	{ "full-ring", full_ring },
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	return run_case(cases, argc, argv);
}
