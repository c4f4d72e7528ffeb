/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Only the last close of a socket ends its connection: what the other closes do, and
 * whether all arrives. Each situation prints one line, the same on TCP and on SMC.
 *
 *   child-keeps    a child has the socket, too; the parent closes it with SO_LINGER set
 *   parent-ends    the same, and the parent ends
 *   duplicate      another number of the same process has it
 *   own-table      a thread with a descriptor table of its own closes its copy
 *   slow-reader    a plain close; the reader begins late
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The reader begins after this; SMC by itself drops what is unsent after 2 s. */
#define LATE 4
/* SO_LINGER, in seconds. */
#define LINGER 8

static void need(int is, const char *what)
{
	if (is)
		return;
	perror(what);
	_exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* A reader in a process of its own: how many bytes came, to `report`. */
static pid_t reader(int listener, int report, const int *gate)
{
	pid_t child = fork();
	static char buffer[1 << 16];
	long total = 0;
	ssize_t length;
	int fd;

	need(child >= 0, "fork");
	if (child)
		return child;
	close(gate[0]);
	close(gate[1]);
	fd = accept(listener, NULL, NULL);
	need(fd >= 0, "accept");
	close(listener);
	sleep(LATE);
	while ((length = read(fd, buffer, sizeof(buffer))) > 0)
		total += length;
	need(length == 0, "read");
	need(write(report, &total, sizeof(total)) == sizeof(total), "report");
	_exit(0);
}

/* As many bytes as fit without waiting. */
static long fill(int fd)
{
	static char data[1 << 16];
	long total = 0;
	ssize_t length;

	memset(data, 'x', sizeof(data));
	while ((length = send(fd, data, sizeof(data), MSG_DONTWAIT)) > 0)
		total += length;
	need(errno == EAGAIN, "send");
	return total;
}

static void lingers(int fd)
{
	struct linger linger = { 1, LINGER };

	need(!setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), "SO_LINGER");
}

static const char *quickness(double since)
{
	return now() - since < LATE / 2.0 ? "at once" : "late";
}

static void *closes_own(void *fd)
{
	need(!unshare(CLONE_FILES), "unshare");
	need(!close(*(int *)fd), "close");
	return NULL;
}

int main(int count, char **arguments)
{
	const char *situation = count > 1 ? arguments[1] : "";
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int report[2], gate[2];
	int fd;
	long sent, received;
	const char *closed;
	pid_t reads, keeps;
	double begun;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	need(!bind(listener, (struct sockaddr *)&address, length) && !listen(listener, 8) &&
	     !getsockname(listener, (struct sockaddr *)&address, &length) && !pipe(report) &&
	     !pipe(gate), "listener");
	reads = reader(listener, report[1], gate);
	close(listener);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	need(!connect(fd, (struct sockaddr *)&address, length), "connect");
	sent = fill(fd);
	begun = now();

	if (!strcmp(situation, "child-keeps") || !strcmp(situation, "parent-ends")) {
		int ends = !strcmp(situation, "parent-ends");
		pid_t parent = 0;

		lingers(fd);
		if (ends) {
			parent = fork();
			need(parent >= 0, "fork");
		}
		if (!parent) {
			/* The child keeps the socket until the gate is closed. */
			keeps = fork();
			need(keeps >= 0, "fork");
			if (!keeps) {
				char byte;

				close(gate[1]);
				need(read(gate[0], &byte, 1) == 0, "gate");
				close(fd);
				_exit(0);
			}
			need(!close(fd), "close");
			if (ends)
				exit(0);
		} else {
			close(fd);
			need(waitpid(parent, NULL, 0) == parent, "waitpid");
		}
		closed = quickness(begun);
		close(gate[0]);
		close(gate[1]);
	} else if (!strcmp(situation, "duplicate")) {
		int other = dup(fd);

		need(other >= 0, "dup");
		lingers(fd);
		need(!close(fd), "close");
		closed = quickness(begun);
		lingers(other);
		need(!shutdown(other, SHUT_WR), "shutdown");
		/* The other end ends when it has all. */
	} else if (!strcmp(situation, "own-table")) {
		pthread_t thread;

		need(!pthread_create(&thread, NULL, closes_own, &fd) &&
		     !pthread_join(thread, NULL), "thread");
		need(!close(fd), "close");
		closed = quickness(begun);
	} else {
		need(!close(fd), "close");
		closed = quickness(begun);
	}
	need(read(report[0], &received, sizeof(received)) == sizeof(received), "report");
	printf("%s: closed %s, %s\n", situation, closed,
	       received == sent ? "all arrived" : "not all arrived");
	while (waitpid(-1, NULL, 0) > 0)
		;
	(void)reads;
	return 0;
}
