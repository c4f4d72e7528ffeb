/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * `to=ADDRESS:PORT job=JOB`: connects and moves what comes into a pipe (of `pipe=`
 * bytes), which is read when `act=` is done: none, close, shut-rd, shut-rdwr, or reset,
 * which is what the peer does when `until=` bytes were moved; and when `others=` connections were made, here or by
 * the command in $OTHERS. Or it is read meanwhile: `reader=DELAY,CHUNK,PAUSE`. Or what
 * the pipe holds goes on: `into=ADDRESS:PORT on=JOB`.
 *
 * Prints `ID moved BYTES END read BYTES END`. After `limit=` seconds: `ID hangs`.
 */
#define _GNU_SOURCE
#include "mover.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* So many others. */
#define OTHERS 8
#define OF_EACH 1000

static int words_count;
static char **words;
static struct job job;
static char late_words[32];

const char *value(const char *key, const char *otherwise)
{
	size_t length = strlen(key);
	int i;

	for (i = 1; i < words_count; i++)
		if (!strncmp(words[i], key, length) && words[i][length] == '=')
			return words[i] + length + 1;
	return otherwise;
}

long number(const char *key, long otherwise)
{
	const char *text = value(key, NULL);

	return text ? atol(text) : otherwise;
}

int is(const char *key, const char *wanted)
{
	return !strcmp(value(key, "-"), wanted);
}

void fail(const char *what)
{
	fprintf(stderr, "mover %u: %s: %s\n", job.id, what, strerror(errno));
	exit(2);
}

static void on_alarm(int signal)
{
	(void)signal;
	if (write(STDOUT_FILENO, late_words, strlen(late_words)) < 0)
		_exit(3);
	_exit(1);
}

static void sleep_ms(long milliseconds)
{
	struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

/* A connection to ADDRESS:PORT, the head sent. */
static int connect_to(const char *address, const char *text)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	char host[64] = "", head[HEAD];
	const char *colon = strrchr(address, ':');
	int connection = socket(AF_INET, SOCK_STREAM, 0);

	if (!colon || (size_t)(colon - address) >= sizeof(host))
		fail("address");
	memcpy(host, address, (size_t)(colon - address));
	to.sin_port = htons((uint16_t)atoi(colon + 1));
	memset(head, ' ', sizeof(head));
	memcpy(head, text, strnlen(text, HEAD));
	if (inet_pton(AF_INET, host, &to.sin_addr) != 1 || connection < 0 ||
	    connect(connection, (struct sockaddr *)&to, sizeof(to)) ||
	    send(connection, head, sizeof(head), 0) != HEAD)
		fail(address);
	return connection;
}

/* The pipe, to its end. */
static void *read_pipe(void *fd)
{
	static unsigned char chunk[65536];
	long delay = 0, pause = 0;
	size_t most = sizeof(chunk);
	ssize_t some;

	sscanf(value("reader", ""), "%ld,%zu,%ld", &delay, &most, &pause);
	sleep_ms(delay);
	while ((some = read(*(int *)fd, chunk, most)) > 0) {
		came(&job, chunk, (size_t)some);
		if (pause)
			sleep_ms(pause);
	}
	if (some < 0)
		fail("read");
	return NULL;
}

/* The peer, which has sent all, gets what makes it go; until it has gone. */
static void have_it_reset(int connection)
{
	struct pollfd polled = { .fd = connection, .events = POLLIN };
	const unsigned char *mine;
	size_t length;
	char rest;

	mine = next_piece(&job, &length);
	if (send(connection, mine, length, 0) != (ssize_t)length)
		fail("send");
	poll(&polled, 1, -1);
	if (recv(connection, &rest, 1, MSG_DONTWAIT) > 0)
		fail("more than was said");
}

/* What is done to the socket before the pipe is read; whether it is closed then. */
static int act(int connection)
{
	if (is("act", "close"))
		close(connection);
	else if (is("act", "shut-rd"))
		shutdown(connection, SHUT_RD);
	else if (is("act", "shut-rdwr"))
		shutdown(connection, SHUT_RDWR);
	else if (is("act", "reset"))
		have_it_reset(connection);
	return is("act", "close");
}

/* Other connections bring other data: to this process, or to another one. */
static void make_others(int *others)
{
	char received[OF_EACH], text[HEAD];
	int i;

	if (is("others", "process") && system(getenv("OTHERS")))
		fail("$OTHERS");
	for (i = 0; i < OTHERS && is("others", "here"); i++) {
		snprintf(text, sizeof(text), "%d 0 %d 0 65536 0 whole", 100 + i, OF_EACH);
		others[i] = connect_to(value("other", ""), text);
	}
	/* It is to stay in their rings. */
	for (i = 0; i < OTHERS && others[i] >= 0; i++)
		if (recv(others[i], received, OF_EACH, MSG_PEEK | MSG_WAITALL) != OF_EACH)
			fail("others");
}

int main(int count, char **arguments)
{
	int others[OTHERS] = { -1, -1, -1, -1, -1, -1, -1, -1 };
	int is_late = 1, is_closed, size, i;
	struct way way = { .into = -1 };
	unsigned long long moved = 0;
	pthread_t reader;
	const char *end;
	char rest;

	words_count = count;
	words = arguments;
	if (!begin_job(&job, value("job", ""), 1) || pipe(way.pipe))
		fail("job");
	snprintf(late_words, sizeof(late_words), "%u hangs\n", job.id);
	signal(SIGALRM, on_alarm);
	alarm((unsigned int)number("limit", 60));
	size = (int)number("pipe", 0);
	if (size && fcntl(way.pipe[1], F_SETPIPE_SZ, size) < size)
		fail("F_SETPIPE_SZ");
	way.from = connect_to(value("to", ""), value("job", ""));
	if (is("act", "refusals")) {
		print_refusals(way.from);
		return 0;
	}
	if (value("into", NULL))
		way.into = connect_to(value("into", ""), value("on", ""));
	else if (value("reader", NULL))
		is_late = pthread_create(&reader, NULL, read_pipe, &way.pipe[0]);

	end = move_all(&way, &moved);
	is_closed = act(way.from);
	make_others(others);
	close(way.pipe[1]);
	if (is_late)
		read_pipe(&way.pipe[0]);
	else
		pthread_join(reader, NULL);
	if (way.into >= 0) {
		/* Whoever reads that closes when it has all. */
		if (shutdown(way.into, SHUT_WR) || fcntl(way.into, F_SETFL, O_RDWR) ||
		    recv(way.into, &rest, 1, 0))
			fail("into");
	}
	receiving_ended(&job, 0);
	printf("%u moved %llu %s read %llu %s\n", job.id, moved, end, job.received, job.receiving);
	fflush(stdout);
	for (i = 0; i < OTHERS; i++)
		if (others[i] >= 0)
			close(others[i]);
	if (!is_closed)
		close(way.from);
	return 0;
}
