/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Threads that are cancelled where they wait, and before they do.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static struct sockaddr_in address;
static int listener, connection;
static pthread_barrier_t begun;

static void need(int is, const char *what)
{
	if (is)
		return;
	perror(what);
	_exit(1);
}

static void name(int fd)
{
	socklen_t length = sizeof(address);

	need(!getsockname(fd, (struct sockaddr *)&address, &length), "getsockname");
}

/* A TCP listener that has all that it takes: further callers hear nothing. */
static void be_silent(void)
{
	long silent = syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
	int i;

	need(silent >= 0 && !syscall(SYS_listen, silent, 0), "silent listener");
	name((int)silent);
	for (i = 0; i < 8; i++) {
		long caller = syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		syscall(SYS_connect, caller, &address, sizeof(address));
	}
}

static void connects(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	pthread_barrier_wait(&begun);
	connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static void accepts(void)
{
	pthread_barrier_wait(&begun);
	accept(listener, NULL, NULL);
}

static void accepts4(void)
{
	pthread_barrier_wait(&begun);
	accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

static char memory[32 << 20];

/* More than its peer takes. */
static void closes_stream(void)
{
	FILE *stream = fdopen(dup(connection), "w");

	need(stream && !setvbuf(stream, memory, _IOFBF, sizeof(memory)), "stream");
	need(fwrite(memory, 1, sizeof(memory) / 2, stream) > 0, "fwrite");
	pthread_barrier_wait(&begun);
	fclose(stream);
}

static void closes_one_of_two(void)
{
	int fd = dup(connection);

	pthread_barrier_wait(&begun);
	close(fd);
}

/* The connection takes no more after that. */
static void writes(void)
{
	pthread_barrier_wait(&begun);
	(void)!write(connection, memory, sizeof(memory));
}

static void sends(void)
{
	pthread_barrier_wait(&begun);
	send(connection, memory, sizeof(memory), 0);
}

static void sends_message(void)
{
	struct iovec part = { memory, sizeof(memory) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	pthread_barrier_wait(&begun);
	sendmsg(connection, &message, 0);
}

/* Nothing comes from the other side. */
static void splices(void)
{
	int ends[2];

	need(!pipe(ends), "pipe");
	pthread_barrier_wait(&begun);
	splice(connection, NULL, ends[1], NULL, 1, 0);
}

static void waits_for_events(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(0);

	need(!epoll_ctl(epoll, EPOLL_CTL_ADD, connection, &event), "epoll_ctl");
	pthread_barrier_wait(&begun);
	epoll_wait(epoll, &event, 1, -1);
}

struct wait {
	void (*wait)(void);
	const char *name;
	/* In which it is asleep then, or what it is copied by; 0: it does not sleep. */
	int system_call, other;
};

static int is_asleep(pid_t thread, const struct wait *wait)
{
	char path[64], text[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", thread);
	file = fopen(path, "r");
	need(file != NULL, path);
	(void)!fgets(text, sizeof(text), file);
	fclose(file);
	if (text[0] == 'r') /* "running" */
		return 0;
	return atoi(text) == wait->system_call || (wait->other && atoi(text) == wait->other);
}

static pid_t number;

static void *run(void *wait)
{
	number = gettid();
	((struct wait *)wait)->wait();
	return NULL;
}

static void cancel(struct wait *wait, int early)
{
	pthread_t thread;
	void *end;

	need(!pthread_create(&thread, NULL, run, wait), "pthread_create");
	if (early)
		pthread_cancel(thread);
	pthread_barrier_wait(&begun);
	while (!early && !is_asleep(number, wait))
		sched_yield();
	pthread_cancel(thread);
	pthread_join(thread, &end);
	printf("%s, %s: %s\n", wait->name, early ? "before" : "in it",
	       end == PTHREAD_CANCELED ? "cancelled" : "returned");
}

int main(void)
{
	static struct wait waits[] = {
		{ closes_one_of_two, "close", 0 },
		{ closes_stream, "fclose", SYS_write },
		{ accepts, "accept", SYS_accept },
		{ accepts4, "accept4", SYS_accept4 },
		{ connects, "connect", SYS_connect },
		{ writes, "write", SYS_write },
		{ sends, "send", SYS_sendto },
		{ sends_message, "sendmsg", SYS_sendmsg },
		{ splices, "splice", SYS_splice, SYS_recvfrom },
		{ waits_for_events, "epoll_wait", SYS_epoll_wait },
	};
	int peer;
	size_t i;

	pthread_barrier_init(&begun, NULL, 2);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	connection = socket(AF_INET, SOCK_STREAM, 0);
	need(!listen(listener, 5), "listen");
	name(listener);
	need(!connect(connection, (struct sockaddr *)&address, sizeof(address)), "connect");
	peer = accept(listener, NULL, NULL);
	need(peer >= 0, "accept");
	be_silent();
	for (i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		cancel(&waits[i], 1);
		if (waits[i].system_call)
			cancel(&waits[i], 0);
	}
	fflush(stdout);
	/* Of what a cancelled stream holds nothing is to be written. */
	_exit(0);
}
