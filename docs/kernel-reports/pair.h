/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Connections within this host, over SMC or, with "tcp" as the second argument, over TCP,
 * and what the cases of splice.c and waiting.c have in common.
 *
 * The kernel needs IPPROTO_SMC (6.11), and a device for SMC between two sockets of one
 * host, such as loopback-ism with a user EID.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define IPPROTO_SMC 256
#define MS 1000

static int protocol = IPPROTO_SMC;

/* A connection within this host, over SMC or TCP as requested. */
struct pair {
	int client, server;
};

static int new_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, protocol);

	if (fd < 0)
		err(1, "socket(AF_INET, SOCK_STREAM, %d)", protocol);
	return fd;
}

static int listener(struct sockaddr_in *at)
{
	socklen_t length = sizeof(*at);
	int fd = new_socket();

	memset(at, 0, sizeof(*at));
	at->sin_family = AF_INET;
	at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)at, length) || listen(fd, 8) ||
	    getsockname(fd, (struct sockaddr *)at, &length))
		err(1, "listen");
	return fd;
}

static void must_be_right_kind(int fd)
{
	socklen_t length = sizeof(int);
	int is = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &is, &length))
		err(1, "SO_PROTOCOL");
	if ((is == IPPROTO_SMC) != (protocol == IPPROTO_SMC))
		errx(1, "the connection has protocol %d: it fell back", is);
}

static struct pair connected(void)
{
	struct sockaddr_in at;
	struct pair pair;
	int at_first = listener(&at);

	pair.client = new_socket();
	if (connect(pair.client, (struct sockaddr *)&at, sizeof(at)))
		err(1, "connect");
	pair.server = accept(at_first, NULL, NULL);
	if (pair.server < 0)
		err(1, "accept");
	close(at_first);
	must_be_right_kind(pair.server);
	return pair;
}

/* Waits until so many bytes can be read. */
static void wait_until_readable(int fd, int count)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	int there = 0;

	while (there < count) {
		if (poll(&polled, 1, 10 * MS) <= 0)
			errx(1, "%d bytes of %d came", there, count);
		if (ioctl(fd, FIONREAD, &there))
			err(1, "FIONREAD");
	}
}

#define COUNT 1000

static void send_letters(int fd, char letter)
{
	char bytes[COUNT];

	memset(bytes, letter, sizeof(bytes));
	if (send(fd, bytes, sizeof(bytes), 0) != sizeof(bytes))
		err(1, "send");
}

struct one_case {
	const char *name;
	int (*run)(void);
};

/* Runs the case that the command line names. Returns 0 if it behaves as over TCP. */
static int run_case(const struct one_case *cases, int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[2], "tcp"))
		protocol = IPPROTO_TCP;
	for (const struct one_case *each = cases; argc > 1 && each->name; each++)
		if (!strcmp(argv[1], each->name))
			return each->run();
	fprintf(stderr, "usage: %s CASE [tcp], where CASE is one of", argv[0]);
	for (const struct one_case *each = cases; each->name; each++)
		fprintf(stderr, " %s", each->name);
	fputs("\n", stderr);
	return 2;
}
