/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What splice(2) refuses, and what it does in part: a line for each call, which is to
 * be as on TCP. The peer sends ten bytes when this side has ended its direction.
 */
#define _GNU_SOURCE
#include "mover.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t signals;

static void on_signal(int signal)
{
	(void)signal;
	signals++;
}

/* An answer, and what else happened. */
static void say(const char *what, ssize_t answer)
{
	int error = errno;

	printf("%s: %zd", what, answer);
	if (answer < 0)
		printf(" %s", strerrorname_np(error));
	if (signals)
		printf(", %d signal", (int)signals);
	printf("\n");
	fflush(stdout);
	signals = 0;
}

static void set_flags(int fd, int flags)
{
	if (fcntl(fd, F_SETFL, flags))
		fail("F_SETFL");
}

/* Whoever waits for data does so for a while. */
static void time_runs_out(int connection, const int *pipe)
{
	struct timeval little = { .tv_usec = 100000 }, none = { 0 };
	struct itimerval timer = { .it_value = little };
	struct sigaction action = { .sa_handler = on_signal };

	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &little, sizeof(little));
	say("SO_RCVTIMEO", splice(connection, NULL, pipe[1], NULL, 100, 0));
	/* That is about the pipe. */
	say("SPLICE_F_NONBLOCK", splice(connection, NULL, pipe[1], NULL, 100, SPLICE_F_NONBLOCK));
	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof(none));
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	say("interrupted", splice(connection, NULL, pipe[1], NULL, 100, 0));
	signal(SIGALRM, SIG_DFL);
	alarm((unsigned int)number("limit", 60));
}

static void without_data(int connection, const int *pipe)
{
	int file = memfd_create("file", 0), other[2];
	static const char page[4096];
	loff_t offset = 0;

	if (file < 0 || pipe2(other, O_NONBLOCK))
		fail("file");
	say("offset of the socket", splice(connection, &offset, pipe[1], NULL, 100, 0));
	say("offset of the pipe", splice(connection, NULL, pipe[1], &offset, 100, 0));
	say("no length", splice(connection, NULL, pipe[1], NULL, 0, 0));
	say("unknown flag", splice(connection, NULL, pipe[1], NULL, 100, 0x80));
	say("into a file", splice(connection, NULL, file, NULL, 100, SPLICE_F_NONBLOCK));
	say("into itself", splice(connection, NULL, connection, NULL, 100, SPLICE_F_NONBLOCK));
	say("into the reading end", splice(connection, NULL, pipe[0], NULL, 100, SPLICE_F_NONBLOCK));
	set_flags(connection, O_RDWR | O_NONBLOCK);
	say("O_NONBLOCK", splice(connection, NULL, pipe[1], NULL, 100, 0));
	set_flags(connection, O_RDWR);
	while (write(other[1], page, sizeof(page)) > 0)
		;
	say("full pipe", splice(connection, NULL, other[1], NULL, 100, SPLICE_F_NONBLOCK));
	say("full pipe with O_NONBLOCK", splice(connection, NULL, other[1], NULL, 100, 0));
	signal(SIGPIPE, on_signal);
	close(other[0]);
	say("nobody reads", splice(connection, NULL, other[1], NULL, 100, 0));
	close(other[1]);
	close(file);
}

/* The next bytes are those of the stream that they are to be. */
static void read_and_compare(struct job *job, int fd, size_t length)
{
	unsigned char bytes[16];

	say("  read", read(fd, bytes, length));
	came(job, bytes, length);
}

void print_refusals(int connection)
{
	struct pollfd polled = { .fd = connection, .events = POLLIN };
	int way[2], copy[2];
	struct job job;

	if (!begin_job(&job, value("job", ""), 1) || pipe(way) || pipe(copy))
		fail("refusals");
	without_data(connection, way);
	time_runs_out(connection, way);
	shutdown(connection, SHUT_WR);
	poll(&polled, 1, -1);
	say("a part", splice(connection, NULL, way[1], NULL, 4, 0));
	say("the rest", splice(connection, NULL, way[1], NULL, 100, 0));
	say("tee", tee(way[0], copy[1], 100, 0));
	say("the end", splice(connection, NULL, way[1], NULL, 100, 0));
	say("again", splice(connection, NULL, way[1], NULL, 100, SPLICE_F_NONBLOCK));
	close(connection);
	read_and_compare(&job, way[0], 10);
	job.received = 0;
	read_and_compare(&job, copy[0], 10);
	printf("%s\n", job.wrong < 0 ? "right" : "wrong");
}
