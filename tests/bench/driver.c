// SPDX-License-Identifier: MIT OR Apache-2.0
// The program that is measured: makes each call SHORT and then LONG times, so
// that what happens once cancels out. Marks where it is for callgrind (a dump
// of the counts) and for strace (a write to no descriptor, "socket 50").
// `driver memory` prints its private dirty memory in KiB after one socket().
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

enum { SHORT = 50, LONG = 150 };

static int fds[LONG];
static struct sockaddr_in server = {.sin_family = AF_INET};

static int check(int answer)
{
	if (answer < 0) {
		perror("driver");
		exit(1);
	}
	return answer;
}

static int tcp(void)
{
	return check(socket(AF_INET, SOCK_STREAM, 0));
}

static char where[32];

static void begin(const char *call, int times)
{
	snprintf(where, sizeof(where), "%s %d", call, times);
	(void)!write(-1, where, strlen(where));
	CALLGRIND_ZERO_STATS;
}

static void end(void)
{
	CALLGRIND_DUMP_STATS_AT(where);
	(void)!write(-1, "end", 3);
}

static void make_all(int times)
{
	for (int i = 0; i < times; i++)
		fds[i] = tcp();
}

static void close_all(int times)
{
	for (int i = 0; i < times; i++)
		close(fds[i]);
}

// The call, once to be found and then measured `times` times.
#define MEASURE(name, call)                    \
	do {                                   \
		{ int i = 0; (void)i; check(call); }     \
		begin(name, times);            \
		for (int i = 0; i < times; i++) \
			check(call);           \
		end();                         \
	} while (0)
#define MEASURE_EACH(name, call)               \
	do {                                   \
		begin(name, times);            \
		for (int i = 0; i < times; i++) \
			check(call);           \
		end();                         \
	} while (0)

static void sockets(int times)
{
	// The highest numbers, once and for all.
	make_all(times);
	close_all(times);
	MEASURE_EACH("socket", fds[i] = socket(AF_INET, SOCK_STREAM, 0));
	close_all(times);
	MEASURE_EACH("socket by name", fds[i] = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
	close_all(times);
	MEASURE_EACH("socket other", fds[i] = socket(AF_INET, SOCK_DGRAM, 0));
	close_all(times);

	make_all(times);
	int one = 1, value;
	socklen_t length = sizeof(value);
	MEASURE("setsockopt", setsockopt(fds[i], SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)));
	MEASURE("setsockopt TCP", setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
	MEASURE("getsockopt", getsockopt(fds[i], SOL_SOCKET, SO_ERROR, &value, &length));
	close_all(times);

	// The highest number, once and for all.
	int warm = tcp(), highest = check(dup2(warm, 900));
	check(connect(highest, (struct sockaddr *)&server, sizeof(server)));
	close(highest);
	close(warm);
	make_all(times);
	MEASURE_EACH("connect", connect(fds[i], (struct sockaddr *)&server, sizeof(server)));
	close_all(times);

	warm = tcp();
	check(listen(warm, 1));
	close(warm);
	make_all(times);
	struct sockaddr_in any = {.sin_family = AF_INET};
	for (int i = 0; i < times; i++)
		check(bind(fds[i], (struct sockaddr *)&any, sizeof(any)));
	MEASURE_EACH("listen", listen(fds[i], 1));
	close_all(times);
}

// Ends that kernel.c does not make: of a process without SMC sockets.
static void ends(int times)
{
	static void (*volatile leave)(int) = _exit;

	MEASURE("_exit", (leave(0), 0));
}

// Descriptors that are no SMC sockets: what is hooked for the sake of those.
static void others(int times)
{
	enum { FREE = 600 };
	int file = check(open("/dev/null", O_RDWR | O_CLOEXEC));
	int pair[2];

	close(check(dup(file)));
	MEASURE_EACH("dup", fds[i] = dup(file));
	MEASURE_EACH("close", close(fds[i]));
	MEASURE("dup2", dup2(file, FREE + i));
	MEASURE("dup3", dup3(file, FREE + i, O_CLOEXEC));
	MEASURE("fcntl", fcntl(file, F_GETFL));
	for (int i = 0; i < times; i++)
		close(FREE + i);
	close(file);

	check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	MEASURE("shutdown", shutdown(pair[0], SHUT_WR));
	close(pair[0]);
	close(pair[1]);

	// A listener of its own family, with all connections waiting. The first accept
	// finds out what it is.
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = check(socket(AF_UNIX, SOCK_STREAM, 0));
	socklen_t length = sizeof(address);
	check(bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)));
	check(getsockname(listener, (struct sockaddr *)&address, &length));
	check(listen(listener, 2 * LONG + 4));
	int callers[2 * LONG + 4];
	for (int i = 0; i < 2 * times + 4; i++) {
		callers[i] = check(socket(AF_UNIX, SOCK_STREAM, 0));
		check(connect(callers[i], (struct sockaddr *)&address, length));
	}
	for (int i = 0; i < 2; i++)
		close(check(accept(listener, NULL, NULL)));
	MEASURE_EACH("accept", fds[i] = accept(listener, NULL, NULL));
	close_all(times);
	for (int i = 0; i < 2; i++)
		close(check(accept4(listener, NULL, NULL, 0)));
	MEASURE_EACH("accept4", fds[i] = accept4(listener, NULL, NULL, 0));
	close_all(times);
	for (int i = 0; i < 2 * times + 4; i++)
		close(callers[i]);
	close(listener);
}

// Moving data: on a connected pair, one byte at a time.
static void data(int times, int out, int in)
{
	char byte = 0;
	struct pollfd polled = {.fd = in, .events = POLLIN};
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = check(epoll_create1(EPOLL_CLOEXEC));
	check(epoll_ctl(epoll, EPOLL_CTL_ADD, in, &event));
	fd_set set;
	struct timeval now = {0};
	FD_ZERO(&set);

	MEASURE("write", (int)write(out, &byte, 1));
	MEASURE("read", (int)read(in, &byte, 1));
	MEASURE("send", (int)send(out, &byte, 1, 0));
	MEASURE("recv", (int)recv(in, &byte, 1, 0));
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	MEASURE("sendto", (int)sendto(out, &byte, 1, 0, NULL, 0));
	MEASURE("writev", (int)writev(out, &part, 1));
	MEASURE("sendmsg", (int)sendmsg(out, &message, 0));
	MEASURE("recvmsg", (int)recvmsg(in, &message, 0));
	MEASURE("poll", poll(&polled, 1, 0));
	MEASURE("select", select(0, &set, NULL, NULL, &now));
	MEASURE("epoll_wait", epoll_wait(epoll, &event, 1, 0));
	close(epoll);
}

static void print_private_dirty(void)
{
	FILE *maps = fopen("/proc/self/smaps_rollup", "r");
	char line[128];
	while (maps && fgets(line, sizeof(line), maps))
		if (!strncmp(line, "Private_Dirty:", 14))
			printf("%d\n", atoi(line + 14));
}

int main(int arguments, char **argument)
{
	if (arguments > 1 && !strcmp(argument[1], "memory")) {
		tcp();
		print_private_dirty();
		return 0;
	}
	ends(SHORT);
	ends(LONG);

	// Full with each connection, never accepted from: loopback does not mind.
	int listener = tcp();
	socklen_t length = sizeof(server);
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	check(bind(listener, (struct sockaddr *)&server, sizeof(server)));
	check(listen(listener, 4 * (SHORT + LONG)));
	check(getsockname(listener, (struct sockaddr *)&server, &length));
	int out = tcp();
	check(connect(out, (struct sockaddr *)&server, sizeof(server)));
	int in = check(accept(listener, NULL, NULL));

	others(SHORT);
	others(LONG);
	sockets(SHORT);
	data(SHORT, out, in);
	sockets(LONG);
	data(LONG, out, in);
	return 0;
}
