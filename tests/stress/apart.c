/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Two sockets whose numbers are 1,024 apart connect at once to a listener that is plain TCP,
 * so that both fall back. Each has its own SO_LINGER and SO_SNDTIMEO afterwards.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define APART 1024

static void need(int is, const char *what)
{
	if (is)
		return;
	perror(what);
	_exit(1);
}

int main(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	long listener = syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
	int fds[2], i, first = -1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	need(listener >= 0 && !syscall(SYS_bind, listener, &address, length) &&
	     !syscall(SYS_listen, listener, 8) &&
	     !syscall(SYS_getsockname, listener, &address, &length), "listener");
	/* All numbers between are taken. */
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	need(fds[0] >= 0, "socket");
	do {
		i = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
		need(i >= 0, "filler");
	} while (i < fds[0] + APART - 1);
	fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	need(fds[1] == fds[0] + APART, "second socket");
	for (i = 0; i < 2; i++) {
		struct linger linger = { 1, 7 + i };
		struct timeval limit = { 20 + i, 0 };

		need(!setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) &&
		     !setsockopt(fds[i], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)), "options");
		first = connect(fds[i], (struct sockaddr *)&address, sizeof(address));
		need(!first || errno == EINPROGRESS, "connect");
	}
	for (i = 0; i < 2; i++) {
		struct pollfd polled = { fds[i], POLLOUT, 0 };
		struct linger linger;
		struct timeval limit;
		socklen_t size = sizeof(int);
		int error = -1;

		need(poll(&polled, 1, 20000) == 1, "poll");
		need(!getsockopt(fds[i], SOL_SOCKET, SO_ERROR, &error, &size) && !error, "SO_ERROR");
		size = sizeof(linger);
		need(!getsockopt(fds[i], SOL_SOCKET, SO_LINGER, &linger, &size), "SO_LINGER");
		size = sizeof(limit);
		need(!getsockopt(fds[i], SOL_SOCKET, SO_SNDTIMEO, &limit, &size), "SO_SNDTIMEO");
		printf("linger %d %d s, send timeout %ld s\n", linger.l_onoff, linger.l_linger,
		       (long)limit.tv_sec);
	}
	return 0;
}
